package io.hawser.messaging.wire

/** [what] is wrong with a value, [at] which byte of a frame, if it is in one. Whoever it is inside of adds where. */
internal class Flaw(val what: String, private val at: Int = -1) : RuntimeException(what, null, false, false) {
    private val steps = ArrayDeque<String>()

    fun inside(key: String): Flaw = apply { steps.addFirst(if (key.isPlain) ".$key" else "[${key.quoted()}]") }

    fun inside(index: Int): Flaw = apply { steps.addFirst("[$index]") }

    /** The way to it from [root]. */
    fun path(root: String): String {
        val path = (root + steps.joinToString("")).removePrefix(".")
        return if (path.length > LONGEST) path.take(LONGEST) + "..." else path
    }

    fun describe(): String = when {
        at < 0 -> what
        steps.isEmpty() -> "byte $at: $what"
        else -> "byte $at, ${path("")}: $what"
    }

    private companion object {
        const val LONGEST = 200
    }
}
