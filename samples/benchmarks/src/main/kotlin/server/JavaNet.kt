package io.hawser.benchmarks.server

import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import kotlin.concurrent.thread

/** Blocking sockets of `java.net`, a thread for each connection. */
internal object JavaNet : JvmContestant("java-net") {
    private const val BACKLOG = 1_024
    private const val BUFFER_SIZE = 64 * 1024

    @JvmStatic
    public fun main(args: Array<String>) {
        val server = ServerSocket(0, BACKLOG, InetAddress.getByName(LOOPBACK))
        announce(server.localPort)
        while (true) {
            val socket = server.accept()
            thread(isDaemon = true) { socket.use(::echo) }
        }
    }

    private fun echo(socket: Socket) {
        try {
            socket.tcpNoDelay = true
            val input = socket.getInputStream()
            val output = socket.getOutputStream()
            val buffer = ByteArray(BUFFER_SIZE)
            while (true) {
                val count = input.read(buffer)
                if (count < 0) return
                output.write(buffer, 0, count)
            }
        } catch (_: IOException) {
            // The peer is gone.
        }
    }
}
