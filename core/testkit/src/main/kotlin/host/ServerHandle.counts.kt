package io.hawser.testkit.host

import io.hawser.RunningDatagramServer
import io.hawser.RunningServer
import io.hawser.ServerHandle

/**
 * How much it is busy with: connections, or datagrams that have come and whose handler has not ended. Replies that were dropped make that
 * less, so two of these numbers say something, and not one.
 */
internal val ServerHandle.unfinished: Long
    get() = when (this) {
        is RunningServer -> connectionCount.value.toLong()
        is RunningDatagramServer -> totals.run { received - handled - dropped }
    }

/** What [unfinished] counts. */
internal val ServerHandle.tasks: String
    get() = when (this) {
        is RunningServer -> "connections"
        is RunningDatagramServer -> "datagrams"
    }

internal val ServerHandle.droppedEvents: Long
    get() = when (this) {
        is RunningServer -> totals.droppedEvents
        is RunningDatagramServer -> totals.droppedEvents
    }
