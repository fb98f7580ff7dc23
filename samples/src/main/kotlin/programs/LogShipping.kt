package io.hawser.samples.programs

import io.hawser.DatagramServerOptions
import io.hawser.Hawser
import io.hawser.event.DatagramEvent
import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.yield

/** Log lines, each a datagram, to a collector that keeps those that matter. Over Unix datagrams none is lost; over UDP some may be. */
public suspend fun main(args: Array<String>): Unit = coroutineScope {
    val cut = AtomicInteger()
    val options = DatagramServerOptions {
        maxDatagramSize = 1024
        onEvent { event -> if (event is DatagramEvent.Dropped) cut.incrementAndGet() }
    }
    val collector = Hawser.datagramServer(args.firstOrNull() ?: "udp://127.0.0.1:0", options).start(this) { line ->
        if (line.text.startsWith("ERROR")) println(line.text)
    }
    collector.use {
        Hawser.datagramClient(collector.endpoint).open { log ->
            log.send("INFO: started".encodeToByteArray())
            log.send("ERROR: disk full".encodeToByteArray())
            log.send(("ERROR: " + "x".repeat(2_000)).encodeToByteArray())
            log.send("ERROR: still full".encodeToByteArray())
        }
        while (collector.totals.run { handled + dropped } < 4 || cut.get() == 0) yield()
    }
    println("${cut.get()} line was too long")
}
