package io.hawser.benchmarks.server

import io.hawser.benchmarks.Tools
import java.io.DataOutputStream
import java.io.File
import java.io.FileInputStream
import java.io.IOException
import java.io.InputStream
import java.io.OutputStream
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.nio.file.Path
import java.util.concurrent.Executor

/** Blocking sockets of `java.net`, each connection with a thread of [newThreads]. */
internal sealed class BlockingSockets(name: String) : JvmContestant(name, tcpServices) {
    protected abstract fun newThreads(): Executor

    override fun version(tools: Tools): String = "Java ${System.getProperty("java.version")}"

    override fun serve(service: String, file: Path) {
        val converse = conversation(service, file)
        val threads = newThreads()
        val server = ServerSocket(0, BACKLOG, InetAddress.getByName(LOOPBACK))
        announce(server.localPort)
        while (true) {
            val socket = server.accept()
            threads.execute { socket.use { serve(it, converse) } }
        }
    }

    private fun conversation(service: String, file: Path): (InputStream, OutputStream) -> Unit = when (service) {
        ECHO -> { input, output -> copy(input, output, ByteArray(ECHO_BUFFER_SIZE)) }
        SINK -> ::sink
        SOURCE -> file.toFile().readBytes().let { content -> { input, output -> source(input, output, content) } }
        FILE -> { input, output -> sendFiles(input, output, file.toFile()) }
        else -> unknown(service)
    }

    private fun serve(socket: Socket, converse: (InputStream, OutputStream) -> Unit) {
        try {
            socket.tcpNoDelay = true
            converse(socket.getInputStream(), socket.getOutputStream())
        } catch (_: IOException) {
            // The peer is gone.
        }
    }

    private fun sink(input: InputStream, output: OutputStream) {
        val buffer = ByteArray(PIECE)
        var received = 0L
        while (true) {
            val count = input.read(buffer)
            if (count < 0) break
            received += count
        }
        DataOutputStream(output).writeLong(received)
    }

    private fun source(input: InputStream, output: OutputStream, content: ByteArray) {
        if (input.read() < 0) return
        while (true) {
            for (from in content.indices step PIECE) output.write(content, from, minOf(PIECE, content.size - from))
        }
    }

    private fun sendFiles(input: InputStream, output: OutputStream, file: File) {
        val buffer = ByteArray(PIECE)
        while (input.read() >= 0) FileInputStream(file).use { copy(it, output, buffer) }
    }

    private companion object {
        const val BACKLOG = 1_024
    }
}

/** A connection that waits holds it: ten thousand have to fit in the heap. Larger ones are no faster. */
internal const val ECHO_BUFFER_SIZE: Int = 16 * 1024

internal fun copy(input: InputStream, output: OutputStream, buffer: ByteArray) {
    while (true) {
        val count = input.read(buffer)
        if (count < 0) return
        output.write(buffer, 0, count)
    }
}
