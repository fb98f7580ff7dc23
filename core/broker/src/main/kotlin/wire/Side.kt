package io.hawser.broker.wire

/** One of the two sides of a connection. Each numbers the requests that it opens: the client has the odd numbers, the broker the even ones. */
internal enum class Side(val firstId: Long) {
    CLIENT(1),
    BROKER(2),
    ;

    fun opens(id: Long): Boolean = id % STEP == firstId % STEP

    override fun toString(): String = "the ${name.lowercase()}"

    companion object {
        /** From one of a side's ids to the next. */
        const val STEP = 2L
    }
}
