package io.hawser

import java.net.InetSocketAddress

/**
 * Decides who may connect to a server. A rule is asked on an event loop, by several at once, so it answers at once and from memory;
 * one that throws refuses.
 */
public fun interface Admission {
    /** Whether [candidate] may come in. */
    public fun admits(candidate: Candidate): Boolean

    /** Those whom both this and [other] admit. */
    public infix fun and(other: Admission): Admission = Combined(this, other, "and") { candidate ->
        admits(candidate) && other.admits(candidate)
    }

    /** Those whom this or [other] admits. */
    public infix fun or(other: Admission): Admission = Combined(this, other, "or") { candidate ->
        admits(candidate) || other.admits(candidate)
    }

    public companion object {
        /** Admits everybody. */
        @JvmField
        public val everyone: Admission = object : Admission {
            override fun admits(candidate: Candidate): Boolean = true

            override fun toString(): String = "everyone"
        }

        /**
         * Admits who connects from one of these blocks of addresses, in CIDR notation (RFC 4632): `10.0.0.0/8`, `2001:db8::/32`, or
         * a single address. An IPv4 address that came mapped into IPv6 (RFC 4291, 2.5.5.2) is the IPv4 address. Who has no internet
         * address is refused.
         *
         * @throws IllegalArgumentException naming the block that is none.
         */
        @JvmStatic
        public fun allow(vararg blocks: String): Admission = Blocks(blocks.map(Cidr::parse), admitted = true)

        /** Refuses who connects from one of these blocks, written as for [allow], and admits all others. */
        @JvmStatic
        public fun deny(vararg blocks: String): Admission = Blocks(blocks.map(Cidr::parse), admitted = false)
    }
}

/** A rule that can be exchanged while servers use it: from the next candidate on, [rule] is the one that counts. Any thread. */
public class ReloadableAdmission(@Volatile public var rule: Admission) : Admission {
    override fun admits(candidate: Candidate): Boolean = rule.admits(candidate)

    override fun toString(): String = "reloadable: $rule"
}

private class Combined(
    private val first: Admission,
    private val second: Admission,
    private val operator: String,
    private val rule: Admission,
) : Admission {
    override fun admits(candidate: Candidate): Boolean = rule.admits(candidate)

    override fun toString(): String = "($first $operator $second)"
}

private class Blocks(private val blocks: List<Cidr>, private val admitted: Boolean) : Admission {
    override fun admits(candidate: Candidate): Boolean {
        val address = (candidate.remote as? InetSocketAddress)?.address?.address
        return (address != null && blocks.any { address in it }) == admitted
    }

    override fun toString(): String = "${if (admitted) "allow" else "deny"} ${blocks.joinToString()}"
}
