package io.hawser.unix

import io.hawser.engine.disk
import io.hawser.transport.TransportApi
import java.nio.file.Path
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.Job
import org.slf4j.LoggerFactory

/**
 * A bound [socket] that has a name in the file system. Closing it gives the name up by [remove], which blocks, and then closes the socket:
 * while that is open no other file can be mistaken for its own.
 */
@OptIn(TransportApi::class)
internal class PublishedSocket<T : AutoCloseable>(val socket: T, private val key: Path, private val remove: () -> Unit) : AutoCloseable {
    private val closing = AtomicBoolean()
    private val closed = Job()

    /** Whether it has been told to close. */
    val isClosing: Boolean get() = closing.get()

    /** Returns at once, from any thread; idempotent. A later attempt of this process at the name waits until it is free. */
    override fun close() {
        if (!closing.compareAndSet(false, true)) return
        ClosingNames.add(key, closed)
        disk.dispatch(EmptyCoroutineContext) {
            try {
                remove()
            } catch (e: Exception) {
                log.warn("the socket {} could not be removed", key, e)
            } finally {
                socket.close()
                closed.complete()
            }
        }
    }

    /** Suspends until the name is free and [socket] has been told to close. */
    suspend fun awaitClosed(): Unit = closed.join()

    private companion object {
        val log = LoggerFactory.getLogger(PublishedSocket::class.java)
    }
}
