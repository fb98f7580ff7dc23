package io.hawser.samples.programs

import io.hawser.DatagramSocket
import io.hawser.Hawser
import io.hawser.PeerUnreachable
import java.lang.management.ManagementFactory
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.launch

/** An agent that says every so often how it is, to whoever listens; that nobody does for a while is no reason to stop. */
public suspend fun main(args: Array<String>): Unit = coroutineScope {
    val seen = MutableSharedFlow<String>(extraBufferCapacity = 64)
    val listener = Hawser.datagramServer(args.firstOrNull() ?: "udp://127.0.0.1:0").start(this) { seen.tryEmit(it.text) }
    val reports = launch { seen.take(3).collect { println(it.substringBefore('=') + " is known") } }
    val agent = launch { Hawser.datagramClient(listener.endpoint).open { socket -> while (true) report(socket) } }
    reports.join()
    listener.shutdown()
    // Nobody listens for a while, and then somebody does again.
    Hawser.datagramServer(listener.endpoint).start(this) { seen.tryEmit("again " + it.text) }.use {
        seen.first { it.startsWith("again") }
        println("heard again")
    }
    agent.cancel()
}

private suspend fun report(socket: DatagramSocket) {
    val threads = ManagementFactory.getThreadMXBean().threadCount
    try {
        socket.send("threads=$threads".encodeToByteArray())
    } catch (_: PeerUnreachable) {
        // The next report is as good as this one.
    }
    delay(20.milliseconds)
}
