package io.hawser.messaging

/** What a hub listens on that is known by the name of its event. */
public enum class SocketKind {
    /** A Unix socket, `{socketDir}/{event}.sock`: for programs on this machine, and as fast as they come. */
    Unix,

    /** A port, which `{socketDir}/{event}.tcp` tells: for programs elsewhere too, which have to know it. */
    Tcp,

    ;

    public companion object {
        /**
         * The kind that is written [name], in whatever case: `unix` or `tcp`.
         *
         * @throws IllegalArgumentException if there is none.
         */
        @JvmStatic
        public fun of(name: String): SocketKind = entries.firstOrNull { it.name.equals(name, ignoreCase = true) }
            ?: throw IllegalArgumentException("there is no such kind of socket, but unix and tcp: \"$name\"")
    }
}
