package io.hawser.samples.programs

import io.hawser.Correlator
import io.hawser.Hawser
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope

/**
 * A worker that is told what to do by datagrams and answers each: one that gets lost is sent again, so orders may come twice and do no
 * harm. The number before an order tells its answer from that to an earlier one.
 */
public suspend fun main(args: Array<String>): Unit = coroutineScope {
    var isPaused = false
    val worker = Hawser.datagramServer(args.firstOrNull() ?: "udp://127.0.0.1:0").start(this) { datagram ->
        val (number, order) = datagram.text.split(' ', limit = 2)
        when (order) {
            "pause" -> isPaused = true
            "resume" -> isPaused = false
        }
        reply("$number ${if (isPaused) "paused" else "working"}".encodeToByteArray())
    }
    worker.use {
        val control = Hawser.datagramClient(worker.endpoint)
        for ((i, order) in listOf("status", "pause", "status", "resume").withIndex()) {
            val answer = control.request("$i $order".encodeToByteArray(), timeout = 1.seconds, retries = 3, sameNumber)
            println("$order: ${answer.text.substringAfter(' ')}")
        }
    }
}

private val sameNumber = Correlator { request, answer ->
    request.decodeToString().substringBefore(' ') == answer.text.substringBefore(' ')
}
