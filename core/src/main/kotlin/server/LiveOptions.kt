package io.hawser.server

/** The options that a server goes by, [started] being those that it was started with. Any thread. */
internal class LiveOptions<O>(private val started: O, private val startOnly: O.(other: O) -> List<String>) {
    /** Those of the moment: whoever decides by several of them takes it once. */
    @Volatile
    var now: O = started
        private set

    /** Goes by [options] from now on, and returns the names of those that would have to be there from the start. */
    fun replaceBy(options: O): List<String> {
        now = options
        return started.startOnly(options)
    }
}
