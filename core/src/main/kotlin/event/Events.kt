package io.hawser.event

import kotlinx.coroutines.channels.BufferOverflow.DROP_OLDEST
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.SharedFlow
import kotlinx.coroutines.flow.asSharedFlow

/** Publishes events to whoever collects, without ever waiting for anybody; with no collector an event is not even made. */
internal class Events {
    private val published = MutableSharedFlow<SocketEvent>(extraBufferCapacity = CAPACITY, onBufferOverflow = DROP_OLDEST)

    val flow: SharedFlow<SocketEvent> = published.asSharedFlow()

    val isObserved: Boolean get() = published.subscriptionCount.value > 0

    inline fun publish(event: () -> SocketEvent) {
        if (isObserved) emit(event())
    }

    @PublishedApi
    internal fun emit(event: SocketEvent) {
        published.tryEmit(event)
    }

    private companion object {
        const val CAPACITY = 1024
    }
}
