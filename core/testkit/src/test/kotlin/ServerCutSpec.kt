@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.ServerOptions
import io.hawser.StreamServer
import io.hawser.engine.EventLoop
import io.hawser.event.ConnectionEvent
import io.hawser.event.ServerEvent
import io.hawser.event.SocketEvent
import io.hawser.transport.Listener
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit.SECONDS
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first

/** Keeps who closes it, unless that is on a loop, until the coroutine that it belongs to has met that, and waits for its end. */
private class SlowlyClosed(private val inner: RawStream) : RawStream by inner {
    private val met = CountDownLatch(1)

    override fun close() {
        inner.close()
        if (EventLoop.current() == null) met.await(60, SECONDS)
    }

    override suspend fun awaitClosed() {
        met.countDown()
        inner.awaitClosed()
    }
}

private fun slowlyCut(options: ServerOptions = ServerOptions()): StreamServer {
    val memory = Memory.server(options)
    return StreamServer(memory.endpoint, options, {
        val listener = memory.binder.bind()
        object : Listener by listener {
            override suspend fun accept() = SlowlyClosed(listener.accept())
        }
    })
}

/** Servers that are closed, and whose handlers hear of their closed connection before they hear of their cancellation. */
class ServerCutSpec : StringSpec({
    extension(LeakCheck)
    timeout = 120_000

    val handlers = mapOf<String, suspend (Connection) -> Unit>(
        "reads" to { it.readLine() },
        "tells what it met in its own words" to { connection ->
            try {
                connection.readLine()
            } catch (e: IOException) {
                throw IllegalStateException("no line", e)
            }
        },
    )
    for ((what, handler) in handlers) {
        for (context in listOf(EmptyCoroutineContext, Dispatchers.Default)) {
            "a handler that $what in $context has not failed when its server is closed" {
                coroutineScope {
                    val began = CompletableDeferred<Unit>()
                    val told = CopyOnWriteArrayList<SocketEvent>()
                    val server = slowlyCut(ServerOptions { handlerContext = context }).start(this) { connection ->
                        began.complete(Unit)
                        handler(connection)
                    }
                    server.tap { told += it }
                    Memory.client(server).connect {
                        began.await()
                        server.close()
                        server.awaitClosed()
                    }
                    told.map { it.javaClass.simpleName } shouldBe listOf("Opened", "HandlerStarted", "Closed", "Stopped")
                    told.firstNotNullOf { it as? ConnectionEvent.Closed }.reason shouldBe CloseReason.Local
                    server.shutdown().cut shouldBe 1
                }
            }
        }
    }

    "a layer has not failed when its server is closed while it shakes hands" {
        coroutineScope {
            val began = CompletableDeferred<Unit>()
            val told = CopyOnWriteArrayList<SocketEvent>()
            val definition = slowlyCut().through { inner ->
                began.complete(Unit)
                while (inner.read(ByteBuffer.allocate(1)) == 0) inner.awaitReadable()
                inner
            }
            val server = definition.start(this) { error("never") }
            server.tap { told += it }
            Memory.client(server).connect {
                began.await()
                server.close()
                server.awaitClosed()
            }
            told shouldBe listOf(ServerEvent.Stopped(server.address))
            server.shutdown().cut shouldBe 1
        }
    }

    "a handler that reads from what it has closed itself has failed" {
        coroutineScope {
            val server = Memory.server().start(this) { connection ->
                connection.close()
                connection.readLine()
            }
            val failed = async(start = UNDISPATCHED) { server.events.first { it is ConnectionEvent.Failed } as ConnectionEvent.Failed }
            Memory.client(server).connect { it.readLine() shouldBe null }
            failed.await().cause.shouldBeInstanceOf<ConnectionClosed>().reason shouldBe CloseReason.Local
            server.close()
        }
    }
})
