package io.hawser

/** A transport by its name in an endpoint. */
internal class Scheme private constructor(
    private val name: String,
    /** The module that brings it. */
    val artifact: String,
    val isLocal: Boolean = false,
    val isUnix: Boolean = false,
    /** Not a stream: messages with boundaries. */
    val isDatagram: Boolean = false,
) {
    override fun toString(): String = name

    companion object {
        val TCP = Scheme("tcp", "hawser-tcp")
        val UNIX = Scheme("unix", "hawser-unix", isLocal = true, isUnix = true)

        val all: List<Scheme> = listOf(
            TCP,
            Scheme("tcp4", "hawser-tcp"),
            Scheme("tcp6", "hawser-tcp"),
            Scheme("udp", "hawser-udp", isDatagram = true),
            Scheme("udp4", "hawser-udp", isDatagram = true),
            Scheme("udp6", "hawser-udp", isDatagram = true),
            Scheme("tls", "hawser-tls"),
            UNIX,
            Scheme("unixgram", "hawser-unix", isLocal = true, isUnix = true, isDatagram = true),
            Scheme("memory", "hawser-testkit", isLocal = true),
        )

        fun of(name: String): Scheme? = all.find { it.name == name }
    }
}
