package io.hawser.samples.programs

import io.hawser.DatagramServerOptions
import io.hawser.Hawser
import io.hawser.event.DatagramEvent
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.withTimeoutOrNull

/** Log lines, each a datagram, to a collector that keeps those that matter. Over Unix datagrams none is lost; over UDP some may be. */
public suspend fun main(args: Array<String>): Unit = coroutineScope {
    val seen = Channel<String>(Channel.UNLIMITED)
    val tooLong = Channel<Int>(Channel.UNLIMITED)
    val options = DatagramServerOptions {
        maxDatagramSize = 1024
        onEvent { event -> if (event is DatagramEvent.Dropped) tooLong.trySend(event.bytes) }
    }
    val collector = Hawser.datagramServer(args.firstOrNull() ?: "udp://127.0.0.1:0", options).start(this) { seen.trySend(it.text) }
    collector.use {
        Hawser.datagramClient(collector.endpoint).open { log ->
            log.send("INFO: started".encodeToByteArray())
            log.send("ERROR: disk full".encodeToByteArray())
            log.send(("ERROR: " + "x".repeat(2_000)).encodeToByteArray())
            log.send("ERROR: still full".encodeToByteArray())
        }
        withTimeoutOrNull(5.seconds) {
            repeat(3) { seen.receive().let { line -> if (line.startsWith("ERROR")) println(line) } }
            println("a line was cut after ${tooLong.receive()} bytes and is not kept")
        }
    }
}
