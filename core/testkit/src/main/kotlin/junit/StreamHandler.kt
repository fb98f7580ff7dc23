package io.hawser.testkit.junit

import io.hawser.Connection
import io.hawser.Datagram
import java.io.InputStream
import java.io.InterruptedIOException
import java.io.OutputStream
import java.nio.ByteBuffer
import java.util.Objects
import kotlinx.coroutines.runBlocking

/** Serves one connection on a thread that may block. When it returns, the connection is closed. */
public fun interface StreamHandler {
    /** Closing [output] ends that direction. A read or a write that waits fails when the server ends. */
    @Throws(Exception::class)
    public fun handle(input: InputStream, output: OutputStream)
}

/** Answers datagrams on a thread that may block. */
public fun interface DatagramHandler {
    /** The reply to [datagram], or null for none. */
    @Throws(Exception::class)
    public fun answer(datagram: Datagram): ByteArray?
}

/** What comes in on [connection]. */
internal class ConnectionInput(private val connection: Connection) : InputStream() {
    override fun read(): Int {
        val byte = ByteArray(1)
        return if (read(byte, 0, 1) < 0) -1 else byte[0].toInt() and BYTE
    }

    override fun read(target: ByteArray, offset: Int, length: Int): Int {
        Objects.checkFromIndexSize(offset, length, target.size)
        if (length == 0) return 0
        return waiting { connection.read(ByteBuffer.wrap(target, offset, length)) }
    }

    private companion object {
        const val BYTE = 0xff
    }
}

/** What goes out on [connection]. */
internal class ConnectionOutput(private val connection: Connection) : OutputStream() {
    override fun write(byte: Int): Unit = write(byteArrayOf(byte.toByte()), 0, 1)

    override fun write(source: ByteArray, offset: Int, length: Int): Unit =
        waiting { connection.write(ByteBuffer.wrap(source, offset, length)) }

    override fun close(): Unit = waiting { connection.shutdownOutput() }
}

/** Streams have no other word for an interrupt. */
private fun <T> waiting(call: suspend () -> T): T = try {
    runBlocking { call() }
} catch (e: InterruptedException) {
    Thread.currentThread().interrupt()
    throw InterruptedIOException(e.message).initCause(e)
}
