package io.hawser.transport

/**
 * Marks what transports and layers are made of: raw streams, listeners, loops.
 *
 * Users of sockets never need it. It keeps its contracts, but may change its shape between minor versions.
 */
@RequiresOptIn("This is for authors of transports and layers; sockets are used through Connection, StreamServer and StreamClient.")
@Retention(AnnotationRetention.BINARY)
@Target(
    AnnotationTarget.CLASS,
    AnnotationTarget.FUNCTION,
    AnnotationTarget.PROPERTY,
    AnnotationTarget.CONSTRUCTOR,
    AnnotationTarget.TYPEALIAS,
)
public annotation class TransportApi
