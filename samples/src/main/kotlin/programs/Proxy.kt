package io.hawser.samples.programs

import io.hawser.ClientOptions
import io.hawser.Connection
import io.hawser.Hawser
import io.hawser.SocketFailure
import io.hawser.StreamClient
import io.hawser.relay
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.seconds

/**
 * A proxy that spreads connections over its targets: each meets one of its own to the next of them, and who cannot be reached is passed
 * over. The first endpoint is the proxy's, the others are behind it.
 */
public suspend fun main(args: Array<String>) {
    val targets = args.drop(1).map { Hawser.streamClient(it, ClientOptions { connectTimeout = 3.seconds }) }
    require(targets.isNotEmpty()) { "which endpoint is the proxy's, and which are behind it?" }
    val turn = AtomicInteger()
    Hawser.streamServer(args.first()).serve(onStart = { println("stands in on ${it.endpoint}") }) { near ->
        val first = turn.getAndIncrement().mod(targets.size)
        connectToAny(targets.drop(first) + targets.take(first)).use { far -> relay(near, far) }
    }
}

private suspend fun connectToAny(targets: List<StreamClient>): Connection {
    for (target in targets.dropLast(1)) {
        try {
            return target.connect()
        } catch (_: SocketFailure) {
            // There is another one.
        }
    }
    return targets.last().connect()
}
