package io.hawser.transport

/** What a module brings: sockets for endpoints of some schemes. */
@TransportApi
public sealed interface Transport {
    /** The schemes of its endpoints. */
    public val schemes: Set<String>
}
