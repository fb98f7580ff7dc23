package io.hawser.testkit.contract

import io.hawser.Connection
import io.hawser.ConnectionReset
import io.hawser.RunningServer
import io.hawser.SocketFailure
import io.hawser.SocketOptions
import io.hawser.UnexpectedEnd
import io.hawser.testkit.LeakCheck
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout

/** More than any transport buffers on its own: a write of it waits for a reader. */
internal const val LARGE: Int = 16 * 1024 * 1024

/** Less than every transport buffers. */
internal const val SMALL: Int = 16 * 1024

/** Nothing in a contract takes this long unless it hangs. */
internal val HANG = 60.seconds

/** A server that has answered waits for its client for 500 ms, by a clock that may be a turn of its loop behind. */
private val LINGER = 400.milliseconds

/** Registers tests in [spec] that get the two ends of a connection, in the context of [transport]. */
internal class StreamTests(private val spec: StringSpec, private val transport: ContractTransport) {
    init {
        spec.extension(LeakCheck)
    }

    fun test(name: String, block: suspend CoroutineScope.(near: Connection, far: Connection) -> Unit) {
        run(name) { transport.connected(block = block) }
    }

    /** As [test], over sockets that the system keeps little for. */
    fun narrowTest(name: String, block: suspend CoroutineScope.(near: Connection, far: Connection) -> Unit) {
        val narrow = SocketOptions {
            sendBuffer = 4096
            receiveBuffer = 4096
        }
        run(name) { transport.connected(narrow, block) }
    }

    /** As [test]; the block also gets the raw stream of the near end, with every layer of the transport. */
    @OptIn(TransportApi::class)
    fun rawTest(name: String, block: suspend CoroutineScope.(raw: RawStream, near: Connection, far: Connection) -> Unit) {
        run(name) {
            transport.connected { near, far ->
                if (transport.hasRecords) {
                    // What is left of the handshake comes before it.
                    far.writeLine("ready")
                    near.readLine() shouldBe "ready"
                }
                block(near.transport, near, far)
            }
        }
    }

    fun run(name: String, block: suspend CoroutineScope.() -> Unit) = with(spec) {
        name {
            withContext(transport.context) { withTimeout(HANG) { block() } }
        }
    }
}

/** Reads to the end with [read], which meets the reset of an abort, or an end before its time where the transport has no resets. */
internal suspend fun ContractTransport.shouldMeetAbort(read: suspend () -> Unit) {
    if (resets) {
        shouldThrow<ConnectionReset> { read() }
    } else if (hasRecords) {
        shouldThrow<SocketFailure> { read() }
    } else {
        try {
            read()
        } catch (_: UnexpectedEnd) {
            // In the middle of a frame.
        }
    }
}

/**
 * Reads to the end with [read], of what a close has cut off in the middle of a write. Where bytes travel in records the last of them may be
 * cut off as well, or has gone whole, if the system had room for it in time: then the end is like any other.
 */
internal suspend fun ContractTransport.shouldMeetCut(read: suspend () -> Unit) {
    try {
        read()
    } catch (e: SocketFailure) {
        if (!hasRecords) throw e
    }
}

/**
 * Runs [block], in which a server that has answered already still waits for its client; again as long as it fails so late that the server
 * may have stopped waiting.
 */
internal suspend fun withinLinger(block: suspend () -> Unit) {
    while (true) {
        val start = TimeSource.Monotonic.markNow()
        val failure = runCatching { block() }.exceptionOrNull() ?: return
        currentCoroutineContext().ensureActive()
        if (start.elapsedNow() < LINGER) throw failure
    }
}

/** Waits until [count] connections are open, with all their layers. */
internal suspend fun RunningServer.awaitOpen(count: Int) {
    while (connectionCount.value != count || connections.size != count) delay(1.milliseconds)
}

internal fun bytes(text: String): ByteBuffer = ByteBuffer.wrap(text.encodeToByteArray())

internal fun ByteBuffer.text(): String = Charsets.UTF_8.decode(this).toString()

internal fun ByteBuffer.direct(): ByteBuffer = ByteBuffer.allocateDirect(remaining()).put(this).flip()
