package io.hawser

import java.net.SocketAddress

/** Somebody who has connected to a server and is not let in yet. */
public class Candidate(
    /** Our address, as the peer reached it. */
    public val local: SocketAddress,
    /** The peer's address. */
    public val remote: SocketAddress,
    /** What the transport, and after the handshake the layers, know of the peer. */
    public val attributes: Attributes = Attributes.none,
) {
    /** What is known of the peer as [attribute], or null. */
    public operator fun <T : Any> get(attribute: Attribute<T>): T? = attributes[attribute]

    override fun toString(): String = "$remote -> $local $attributes"
}

/**
 * Names a fact about a peer that some transport or layer knows, such as its credentials or its certificate. Whoever knows the fact
 * declares the attribute, once, as a constant: two are the same only if they are one object.
 */
public class Attribute<T : Any>(private val name: String) {
    override fun toString(): String = name
}

/** Facts about a peer, or what came along with a datagram of it, by their [Attribute]. Immutable. */
public class Attributes private constructor(private val values: Map<Attribute<*>, Any>) {
    /** What is known as [attribute], or null. */
    @Suppress("UNCHECKED_CAST") // Only [with] puts values in, of the attribute's own type.
    public operator fun <T : Any> get(attribute: Attribute<T>): T? = values[attribute] as T?

    /** These facts, and [value] as [attribute] in place of what was known as that. */
    public fun <T : Any> with(attribute: Attribute<T>, value: T): Attributes = Attributes(values + (attribute to value))

    override fun toString(): String = values.toString()

    /** Closes those that can be closed: whoever was to have them has no use for them. */
    internal fun discard() {
        for (value in values.values) {
            if (value is AutoCloseable) value.close()
        }
    }

    public companion object {
        /** Nothing is known. */
        @JvmField
        public val none: Attributes = Attributes(emptyMap())
    }
}
