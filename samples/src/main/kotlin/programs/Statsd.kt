package io.hawser.samples.programs

import io.hawser.DatagramServerOptions
import io.hawser.Hawser
import io.hawser.WhenQueueFull
import io.hawser.event.DatagramEvent
import io.hawser.outbox
import java.util.concurrent.ConcurrentHashMap
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.withTimeoutOrNull

/**
 * Metrics in the lines of StatsD, over datagrams: who counts never waits. A burst goes through an outbox that drops the oldest when it is
 * full; the server adds up what comes, and what is no metric is an event and disturbs nobody.
 */
public suspend fun main(args: Array<String>): Unit = coroutineScope {
    val counters = ConcurrentHashMap<String, Long>()
    val counted = Channel<Unit>(Channel.UNLIMITED)
    val refused = Channel<String?>(Channel.UNLIMITED)
    val options = DatagramServerOptions { onEvent { if (it is DatagramEvent.Failed) refused.trySend(it.cause.message) } }
    val server = Hawser.datagramServer(args.firstOrNull() ?: "udp://127.0.0.1:0", options).start(this) { datagram ->
        val (name, value) = counter(datagram.text)
        counters.merge(name, value, Long::plus)
        counted.trySend(Unit)
    }
    server.use {
        Hawser.datagramClient(server.endpoint).open { socket ->
            val metrics = socket.outbox(this, capacity = 100, whenFull = WhenQueueFull.DropOldest)
            repeat(10) { metrics.offer("requests:1|c".encodeToByteArray()) }
            metrics.offer("nonsense".encodeToByteArray())
            metrics.offer("bytes:512|c".encodeToByteArray())
            metrics.close()
            metrics.awaitSent()
        }
        // Datagrams may get lost: then there is less to see.
        withTimeoutOrNull(5.seconds) { repeat(11) { counted.receive() } }
    }
    println("requests ${counters["requests"]}, bytes ${counters["bytes"]}; ${refused.receive()}")
}

private fun counter(line: String): Pair<String, Long> {
    val (name, value) = requireNotNull(Regex("""(\w+):(\d+)\|c""").matchEntire(line)) { "no counter: $line" }.destructured
    return name to value.toLong()
}
