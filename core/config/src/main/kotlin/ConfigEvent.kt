package io.hawser.config

/** What became of files that have changed. */
public sealed interface ConfigEvent {
    /** They are right, and [config] is what they come to. */
    public class Reloaded internal constructor(
        public val config: HawserConfig,
        /** The keys whose values count already, also for servers that run. */
        public val live: List<String>,
        /** The keys whose values count for what is made of [config], and not for what has been made before. */
        public val pending: List<String>,
    ) : ConfigEvent {
        override fun toString(): String = "reloaded: ${live.joinToString().ifEmpty {
            "nothing"
        }} at once, ${pending.joinToString().ifEmpty { "nothing" }} later"
    }

    /** They are wrong, or code that is asked about them has failed, as [cause] says, and nothing has changed. */
    public class Rejected internal constructor(public val cause: InvalidConfiguration) : ConfigEvent {
        override fun toString(): String = "rejected: ${cause.message}"
    }
}
