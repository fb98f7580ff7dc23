package io.hawser.config.source

import java.nio.file.Path

/** Where a configuration is read from. Immutable. */
internal class Sources(
    val files: List<Path>,
    /** Read after [files], if it is there. */
    val userFile: Path?,
    val environment: Map<String, String>,
    /** What code says, by key. */
    val values: Map<List<String>, String>,
    /** What code changes, by the first two names of a key. */
    val changes: Map<List<String>, List<Change>>,
    /** Who is asked for modules, whichever thread reads. */
    private val loader: ClassLoader?,
) {
    /** Does [action] as if the thread were the one that said from where to read. */
    fun <T> asFirst(action: () -> T): T {
        val thread = Thread.currentThread()
        val before = thread.contextClassLoader
        thread.contextClassLoader = loader
        try {
            return action()
        } finally {
            thread.contextClassLoader = before
        }
    }
}

/** What code changes of the builder of a server or a client. */
internal class Change(
    /** Whether that is one of datagrams. */
    val isDatagram: Boolean,
    val action: (Any) -> Unit,
)
