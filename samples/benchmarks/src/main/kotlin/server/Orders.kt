package io.hawser.benchmarks.server

import java.io.DataInputStream
import java.net.InetAddress
import java.net.ServerSocket
import java.nio.ByteBuffer

/**
 * What the load generator wants to have published, as it says over one connection after another: the size of its messages in 4 bytes, the
 * highest first, their content, and then in one byte after another how many are to be published. In place of their first 8 bytes messages
 * have their number, from 0 on.
 */
internal class Orders : AutoCloseable {
    private val server = ServerSocket(0, 1, InetAddress.getLoopbackAddress())

    val port: Int get() = server.localPort

    /** The messages of one order after another, for as long as the process runs. */
    val batches: Sequence<List<ByteArray>> = sequence {
        while (true) {
            server.accept().use { socket ->
                val input = DataInputStream(socket.getInputStream())
                val content = ByteArray(input.readInt()).also(input::readFully)
                var next = 0L
                while (true) {
                    val count = input.read()
                    if (count < 0) break
                    yield(List(count) { ByteBuffer.wrap(content.clone()).putLong(next++).array() })
                }
            }
        }
    }

    override fun close(): Unit = server.close()
}
