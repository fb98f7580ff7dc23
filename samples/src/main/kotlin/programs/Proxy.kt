package io.hawser.samples.programs

import io.hawser.Hawser
import io.hawser.relay
import java.util.concurrent.atomic.AtomicInteger

/** A proxy: has each connection meet one of its own to the next of its targets, in turn. The first endpoint is its own. */
public suspend fun main(args: Array<String>) {
    val targets = args.drop(1).map { Hawser.streamClient(it) }
    require(targets.isNotEmpty()) { "which endpoint is the proxy's, and which are behind it?" }
    val turn = AtomicInteger()
    Hawser.streamServer(args.first()).serve(onStart = { println("stands in on ${it.endpoint}") }) { near ->
        val target = targets[turn.getAndIncrement().mod(targets.size)]
        target.connect { far -> relay(near, far) }
    }
}
