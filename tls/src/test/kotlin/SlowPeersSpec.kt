@file:OptIn(TransportApi::class)

package io.hawser.tls

import io.hawser.ConnectionReset
import io.hawser.HandshakeTimeout
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.copyTo
import io.hawser.event.ConnectionEvent
import io.hawser.event.EventListener
import io.hawser.event.ServerState
import io.hawser.event.SocketEvent
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.ManualLoop
import io.hawser.testkit.Memory
import io.hawser.transport.TransportApi
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.ranges.shouldBeIn
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.lang.management.BufferPoolMXBean
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer
import java.nio.channels.SocketChannel
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.withTimeout

private const val CLIENTS = 1000

/** What a connection that has sent next to nothing may cost, and the socket of its client in this process with it. */
private const val MOST_EACH = 16L * 1024

/** Clients that do not get on with their handshake. */
class SlowPeersSpec : StringSpec({
    extension(LeakCheck)

    "a thousand clients that send nothing and a thousand that send one byte cost little, hold up nobody, and end when their time is up" {
        withTimeout(HANG) {
            val timeouts = Timeouts()
            val options = ServerOptions {
                handshakeTimeout = 30.seconds
                backlog = 4 * CLIENTS
                onEvent(timeouts)
            }
            coroutineScope {
                tcpServer(options).tls(serverTls).start(this) { it.copyTo(it) }.use { running ->
                    running.shouldServe()
                    val before = usedMemory()
                    val idle = mutableListOf<SocketChannel>()
                    suspend fun usedMemoryWith(count: Int, first: ByteArray): Long {
                        val more = List(CLIENTS) { SocketChannel.open(running.address).also(idle::add) }
                        running.awaitConnections(count, timeouts)
                        if (first.isNotEmpty()) more.forEach { it.write(ByteBuffer.wrap(first)) }
                        // Behind whom every loop has looked at what came.
                        repeat(8) { running.shouldServe() }
                        val used = usedMemory()
                        running.awaitConnections(count, timeouts)
                        return used
                    }
                    try {
                        val withSilent = usedMemoryWith(CLIENTS, ByteArray(0))
                        (withSilent - before) / CLIENTS shouldBeLessThan MOST_EACH
                        val withAll = usedMemoryWith(2 * CLIENTS, byteArrayOf(Record.HANDSHAKE.toByte()))
                        (withAll - withSilent) / CLIENTS shouldBeLessThan MOST_EACH
                        running.connectionCount.first { it == 0 }
                        idle.forEach { it.shouldBeEnded() }
                        timeouts.awaitAll(2 * CLIENTS, running)
                    } finally {
                        idle.forEach(SocketChannel::close)
                    }
                    running.shouldServe()
                }
            }
        }
    }

    "a client that sends its hello byte by byte is ended when the time of the handshake is up, however soon each byte came" {
        val hello = Meeting(Kind(Provider.JDK, TlsVersion.TLS13)).near.run {
            turn()
            takeSent()
        }
        val loop = ManualLoop()
        val scope = CoroutineScope(loop.dispatcher)
        val options = ServerOptions { handshakeTimeout = 1.minutes }
        val starting = scope.async { Memory.server(loop, options, NAME).tls(serverTls).start(scope) { error("nobody gets here") } }
        loop.advanceBy(1.seconds)
        val running = withTimeout(HANG) { starting.await() }
        val writing = scope.async {
            Memory.client(NAME, loop).connect().use { client ->
                var sent = 0
                try {
                    for (byte in hello) {
                        client.write(ByteBuffer.wrap(byteArrayOf(byte)))
                        sent++
                        delay(1.seconds)
                    }
                } catch (_: ConnectionReset) {
                    // As it should be.
                }
                sent
            }
        }
        loop.advanceBy(59.seconds)
        running.connectionCount.value shouldBe 1
        loop.advanceBy(1.minutes)
        running.connectionCount.value shouldBe 0
        withTimeout(HANG) { writing.await() } shouldBeIn 59..61
        running.close()
        loop.advanceBy(1.seconds)
        running.state.value.shouldBeInstanceOf<ServerState.Closed>()
        scope.cancel()
        loop.advanceBy(1.seconds)
    }
})

private const val NAME = "slow-hello"

/** Waits for [count] connections, which cannot come any more if somebody's time is up. */
private suspend fun RunningServer.awaitConnections(count: Int, timeouts: Timeouts) {
    while (connectionCount.value != count) {
        check(timeouts.count == 0) {
            "${timeouts.count} handshakes timed out before there were $count connections: ${connectionCount.value}"
        }
        delay(1.milliseconds)
    }
}

/** Somebody new shakes hands and is answered. */
private suspend fun RunningServer.shouldServe() = tcpClient(this).tls(clientTls, "localhost").connect { connection ->
    connection.writeLine("hello")
    connection.readLine() shouldBe "hello"
}

/** Reads to the end, or to the reset. */
private fun SocketChannel.shouldBeEnded() {
    try {
        read(ByteBuffer.allocate(1)) shouldBe -1
    } catch (_: IOException) {
        // A reset is an end too.
    }
}

/** What is in use on the heap and in direct buffers once all garbage is gone. */
private fun usedMemory(): Long {
    repeat(3) { System.gc() }
    val direct = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean::class.java).sumOf { it.memoryUsed }
    return ManagementFactory.getMemoryMXBean().heapMemoryUsage.used + direct
}

/** Counts the handshakes that took too long, and what else failed. */
private class Timeouts : EventListener {
    private val timeouts = AtomicInteger()
    private val others = AtomicInteger()

    val count: Int get() = timeouts.get()

    override fun onEvent(event: SocketEvent) {
        if (event is ConnectionEvent.Failed) (if (event.cause is HandshakeTimeout) timeouts else others).incrementAndGet()
    }

    /** Of a thousand events at a time some may be dropped, which is counted. */
    suspend fun awaitAll(count: Int, running: RunningServer) {
        while (timeouts.get() + running.totals.droppedEvents < count) delay(1.milliseconds)
        others.get() shouldBe 0
    }
}
