package io.hawser

/** Why a connection is closed; the first reason stays. */
public sealed interface CloseReason {
    /** The peer had ended its stream before we closed. */
    public data object Peer : CloseReason {
        override fun toString(): String = "ended by the peer"
    }

    /** We closed or aborted it. */
    public data object Local : CloseReason {
        override fun toString(): String = "closed on this side"
    }

    /** The peer reset it. */
    public data object Reset : CloseReason {
        override fun toString(): String = "reset by the peer"
    }

    /** A timeout of this side ran out: [cause] says which. */
    public data class Timeout(public val cause: SocketFailure) : CloseReason {
        override fun toString(): String = cause.message ?: "timed out"
    }

    /** Something failed with [cause]: the network, a layer, a handler. */
    public data class Failure(public val cause: Throwable) : CloseReason {
        override fun toString(): String = cause.describe()
    }
}

/** What closes a connection that fails with this. */
internal fun Throwable.closeReason(): CloseReason = when (this) {
    is ConnectionReset -> CloseReason.Reset
    is ReadTimeout, is WriteTimeout, is IdleTimeout, is HandshakeTimeout -> CloseReason.Timeout(this)
    else -> CloseReason.Failure(this)
}
