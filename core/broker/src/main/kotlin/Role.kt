package io.hawser.broker

/** What somebody is on a channel. */
public enum class Role {
    /** It answers. */
    PROVIDER,

    /** It asks. */
    CONSUMER,
}
