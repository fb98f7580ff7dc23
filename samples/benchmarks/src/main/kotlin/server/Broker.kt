package io.hawser.benchmarks.server

import io.hawser.benchmarks.Tools
import io.hawser.benchmarks.Unavailable
import java.io.IOException
import java.lang.ProcessBuilder.Redirect
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.nio.file.Path

/** A broker as it comes, a program of its own, and the client for the JVM that publishes through it. Subscribers are the broker's alone. */
internal sealed class Broker(name: String, services: Set<String>) : JvmContestant(name, services) {
    /** The program, and what has it listen on [port] of the loopback address and keep nothing. */
    protected abstract fun program(port: Int): List<String>

    /** Connects the client to the broker on [port], and publishes through it what [orders] say. */
    protected abstract fun publish(orders: Orders, port: Int)

    override fun command(tools: Tools, jvm: List<String>, service: String, file: Path): List<String> {
        version(tools)
        return super.command(tools, jvm, service, file)
    }

    override fun serve(service: String, file: Path) {
        val port = start()
        Orders().use { orders ->
            announce("$name://$LOOPBACK:$port,${orders.port}")
            publish(orders, port)
        }
    }

    /** Somebody else may take a port that was free. */
    protected fun start(): Int {
        repeat(ATTEMPTS) {
            val port = ServerSocket(0, 1, InetAddress.getByName(LOOPBACK)).use { it.localPort }
            // It ends with the thread that starts it, which is the one that serves.
            val command = listOf("setpriv", "--pdeathsig", "KILL") + program(port)
            val broker = ProcessBuilder(command).redirectOutput(Redirect.DISCARD).redirectError(Redirect.INHERIT).start()
            while (broker.isAlive) {
                if (listens(port)) return port
                Thread.sleep(PAUSE_MILLIS)
            }
        }
        throw Unavailable("$name does not start")
    }

    private fun listens(port: Int): Boolean = try {
        Socket(LOOPBACK, port).close()
        true
    } catch (_: IOException) {
        false
    }

    private companion object {
        const val ATTEMPTS = 3
        const val PAUSE_MILLIS = 10L
    }
}
