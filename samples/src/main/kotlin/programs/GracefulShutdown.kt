package io.hawser.samples.programs

import io.hawser.Hawser
import io.hawser.OnDrain
import io.hawser.RunningServer
import io.hawser.ServerOptions
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.runBlocking

/**
 * A server that ends well: at SIGTERM, or Ctrl-C, it lets nobody in any more, lets those that are in finish what they are at, and cuts
 * after ten seconds who is still there.
 *
 * The JVM answers a signal with its shutdown hooks and is gone when they have ended: so the hook does the work, and waits for it.
 */
public suspend fun main(args: Array<String>) {
    val endpoint = args.firstOrNull() ?: "tcp://127.0.0.1:9005"
    // Who waits for a question finds the end instead; who is at an answer gives it.
    val options = ServerOptions { onDrain = OnDrain.EndInput }
    coroutineScope {
        val server = Hawser.streamServer(endpoint, options).start(this) { connection ->
            connection.lines().collect { connection.writeLine(it.reversed()) }
        }
        Runtime.getRuntime().addShutdownHook(Thread { drain(server) })
        println("serves on ${server.endpoint}")
    }
}

private fun drain(server: RunningServer) {
    val report = runBlocking { server.shutdown(grace = 10.seconds) }
    println("${report.drained} finished, ${report.cut} were cut")
}
