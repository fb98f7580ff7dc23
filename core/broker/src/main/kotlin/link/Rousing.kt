package io.hawser.broker.link

/**
 * Who is to be woken by all that happens [together] on this thread, once that has ended: whoever writes finds all of it then, and not its
 * first part.
 */
internal class Rousing private constructor() {
    private val signals = ArrayList<Signal>()
    private var isTogether = false

    private fun raise(signal: Signal) {
        if (!isTogether) return signal.raise()
        // To raise one again costs less than to look whether it is there.
        if (signals.lastOrNull() !== signal) signals += signal
    }

    private fun end() {
        isTogether = false
        // By index: who is woken could run on here after all.
        var next = 0
        while (next < signals.size) signals[next++].raise()
        signals.clear()
    }

    companion object {
        private val ofThread = ThreadLocal.withInitial(::Rousing)

        /** Raises [signal], at the end of what happens [together] if that is going on. */
        fun raise(signal: Signal): Unit = ofThread.get().raise(signal)

        /** Runs [block], which does not do this itself. */
        fun together(block: () -> Unit) {
            val rousing = ofThread.get()
            rousing.isTogether = true
            try {
                block()
            } finally {
                rousing.end()
            }
        }
    }
}
