package io.hawser.unix

import java.nio.file.Path
import java.util.concurrent.ConcurrentHashMap
import kotlinx.coroutines.Job

/** The names of sockets of this process that have been told to close and still have them. */
internal object ClosingNames {
    private val closing = ConcurrentHashMap<Job, Path>()

    /** Until [closed] completes, [name] is not free. */
    fun add(name: Path, closed: Job) {
        closing[closed] = name
        closed.invokeOnCompletion { closing.remove(closed) }
    }

    /** The ends of those that may be in the way of a socket named [name]. */
    fun at(name: Path): List<Job> = closing.filterValues { it == name }.keys.toList()
}
