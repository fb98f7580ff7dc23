package io.hawser.broker

/** How a request ended, as the broker saw it. There may be more of them one day. */
public enum class Outcome {
    /** Its answer is complete. */
    COMPLETED,

    /** The provider failed, or broke off. */
    FAILED,

    /** Nobody answers on its channel. */
    NO_PROVIDER,

    /** The provider was lost. */
    PROVIDER_LOST,

    /** Its time was over. */
    TIMED_OUT,

    /** It was over a limit. */
    OVERLOADED,

    /** Whoever asked wanted it no more, or was lost. */
    CANCELLED,

    /** The broker was closed, or was shutting down. */
    CUT,
}
