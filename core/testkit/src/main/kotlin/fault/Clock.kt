@file:OptIn(TransportApi::class)

package io.hawser.testkit.fault

import io.hawser.engine.EventLoop
import io.hawser.transport.Loop
import io.hawser.transport.TransportApi

/** What faults take their time from. Any thread. */
internal fun interface Clock {
    fun nanoTime(): Long

    companion object {
        /** The time of [loop]: that of an event loop stands still for a turn, and what comes in within it would be late too little. */
        fun of(loop: Loop): Clock = if (loop is EventLoop) Clock(System::nanoTime) else Clock(loop::nanoTime)
    }
}
