package io.hawser.messaging

/** What a message is about. There may be more of them one day. */
public enum class MessageType {
    /** What the event brings. */
    DATA,

    /** That something has gone wrong with it. */
    ERROR,

    /** What peers tell each other about the exchange itself. */
    CONTROL,
    ;

    /** The word for it in a frame. */
    public val word: String = name.lowercase()

    internal companion object {
        private val all = entries.associateBy { it.word }

        fun ofWord(word: String): MessageType? = all[word]
    }
}
