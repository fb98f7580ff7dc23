package io.hawser.broker

import io.hawser.Connection
import io.hawser.KotlinOnly
import java.util.UUID
import java.util.function.Function

/** Who may ask, and who may answer, on which channel. */
public fun interface BrokerAdmission {
    /**
     * Null admits [applicant]; anything else is why not, and is told to it. What it throws refuses too, without words.
     *
     * It is called on the event loop of that connection, which goes on meanwhile, for several at once, and may take
     * [BrokerOptions.helloTimeout]; then it is cancelled, which refuses.
     */
    @KotlinOnly
    public suspend fun refusal(applicant: Applicant): String?

    public companion object {
        /** Everybody may do everything. */
        @JvmField
        public val everyone: BrokerAdmission = BrokerAdmission { null }

        /** For Java: [refusal] as a function that does not block. */
        @JvmStatic
        public fun of(refusal: Function<Applicant, String?>): BrokerAdmission = BrokerAdmission { refusal.apply(it) }
    }
}

/** Whoever wants to be a [role] of a [channel]. */
public class Applicant internal constructor(
    public val role: Role,
    public val channel: UUID,
    private val secret: ByteArray,
    /** To be asked who is there, by its attributes for example. Whoever reads from it or writes to it breaks it. */
    public val connection: Connection,
) {
    /** What it shows to be admitted; empty if nothing. */
    public val token: ByteArray get() = secret.copyOf()

    /** [token] as UTF-8. */
    public val tokenText: String get() = secret.decodeToString()

    /** Without the token. */
    override fun toString(): String = "${role.name.lowercase()} of $channel at ${connection.endpoint}"
}
