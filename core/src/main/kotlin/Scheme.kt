package io.hawser

/** A transport by its name in an endpoint. */
internal class Scheme private constructor(
    private val name: String,
    /** The module that brings it. */
    val artifact: String,
    val isLocal: Boolean = false,
    val isUnix: Boolean = false,
    val hasStreams: Boolean = true,
    /** Messages with boundaries. */
    val hasDatagrams: Boolean = !hasStreams,
) {
    override fun toString(): String = name

    companion object {
        val TCP = Scheme("tcp", "hawser-tcp")
        val UNIX = Scheme("unix", "hawser-unix", isLocal = true, isUnix = true)

        val all: List<Scheme> = listOf(
            TCP,
            Scheme("tcp4", "hawser-tcp"),
            Scheme("tcp6", "hawser-tcp"),
            Scheme("udp", "hawser-udp", hasStreams = false),
            Scheme("udp4", "hawser-udp", hasStreams = false),
            Scheme("udp6", "hawser-udp", hasStreams = false),
            Scheme("tls", "hawser-tls"),
            UNIX,
            Scheme("unixgram", "hawser-unix", isLocal = true, isUnix = true, hasStreams = false),
            Scheme("memory", "hawser-testkit", isLocal = true, hasDatagrams = true),
        )

        fun of(name: String): Scheme? = all.find { it.name == name }
    }
}
