@file:JvmName("OpenFiles")
@file:OptIn(TransportApi::class)

package io.hawser.unix

import io.hawser.Attribute
import io.hawser.Connection
import io.hawser.Datagram
import io.hawser.DatagramExchange
import io.hawser.DatagramSocket
import io.hawser.Receipt
import io.hawser.SocketOptions
import io.hawser.transport.RawDatagrams
import io.hawser.transport.TransportApi
import java.io.FileDescriptor
import java.io.FileInputStream
import java.nio.ByteBuffer
import java.nio.channels.NetworkChannel
import java.util.concurrent.atomic.AtomicBoolean
import org.newsclub.net.unix.AFSocketExtensions

/**
 * A file, a pipe or a socket that a peer has handed over open (`SCM_RIGHTS`, unix(7)): whatever it could do with it, this process can do
 * too, whoever may open it otherwise. Both have it open, each for itself, with one position in it.
 *
 * Whoever has it closes it or takes its descriptor.
 */
public class OpenFile internal constructor(private val descriptor: FileDescriptor) : AutoCloseable {
    private val gone = AtomicBoolean()

    /**
     * Its descriptor, which the caller closes: `FileInputStream(file.take()).use { ... }`, or `FileOutputStream`. Any thread.
     *
     * @throws IllegalStateException if it has been taken or closed already.
     */
    public fun take(): FileDescriptor {
        check(gone.compareAndSet(false, true)) { "the file has been taken or closed already" }
        return descriptor
    }

    /** Closes it, unless it has been taken. Idempotent, any thread. */
    override fun close() {
        if (gone.compareAndSet(false, true)) close(descriptor)
    }

    override fun toString(): String = if (gone.get()) "a file that is closed or taken" else "an open file"

    internal companion object {
        /** The most that one message can bring (`SCM_MAX_FD` of Linux). */
        const val MOST = 253

        /** Of descriptors that the channel would close with itself. */
        fun of(received: Array<FileDescriptor>): List<OpenFile> {
            val files = ArrayList<OpenFile>(received.size)
            try {
                for (descriptor in received) {
                    files += OpenFile(Junixsocket.duplicate(descriptor))
                    close(descriptor)
                }
                return files
            } catch (e: Throwable) {
                files.forEach(OpenFile::close)
                received.drop(files.size).forEach(::close)
                throw e
            }
        }

        private fun close(descriptor: FileDescriptor) = FileInputStream(descriptor).close()
    }
}

/** The files of a datagram, which is there for them to be closed with it. */
internal class ReceivedFiles(val files: List<OpenFile>) : AutoCloseable {
    override fun close(): Unit = files.forEach(OpenFile::close)

    companion object {
        val attribute = Attribute<ReceivedFiles>("files")
    }
}

/**
 * Has Unix datagram sockets and abstract stream sockets with these options take the open files that their peers hand over; without it the
 * system closes them. A message can bring 253, and each datagram that waits for a handler keeps its own open, which is a reason for a small
 * [io.hawser.DatagramServerOptions.queueCount]. It takes the place of hooks set before, and hooks set after it take its place.
 */
public fun SocketOptions.Builder.acceptFiles(): SocketOptions.Builder = apply {
    beforeBind(::takeFiles)
    beforeConnect(::takeFiles)
    afterAccept(::takeFiles)
}

private fun takeFiles(channel: NetworkChannel) {
    if (channel is AFSocketExtensions) Junixsocket.makeRoomForFiles(channel)
}

/**
 * The open files that came with this datagram: none unless the options say [acceptFiles]. A server closes those that its handler has not
 * taken when that returns.
 */
public val Datagram.files: List<OpenFile> get() = attributes[ReceivedFiles.attribute]?.files.orEmpty()

/** The open files that came with the datagram, as [Datagram.files]. */
public val Receipt.files: List<OpenFile> get() = attributes[ReceivedFiles.attribute]?.files.orEmpty()

/**
 * Sends [bytes] to the peer as one datagram, as [DatagramSocket.send] does, and hands [files] over with it, of which there are up to 253.
 * They stay open here.
 *
 * @throws IllegalArgumentException if the socket is none of Unix datagrams, a file is closed, or there are too many.
 */
public suspend fun DatagramSocket.send(bytes: ByteArray, files: List<FileDescriptor>) {
    val handed = files.checked()
    val local = transport.asLocal()
    val peer = checkNotNull(remote) { "$this has no peer: say whom to send to" }
    send(ByteBuffer.wrap(bytes), peer) { source, target -> local.send(source, target, handed) }
}

/** Answers with [bytes], as [DatagramExchange.reply] does, and hands [files] over with them, as [DatagramSocket.send] does. */
public suspend fun DatagramExchange.reply(bytes: ByteArray, files: List<FileDescriptor>): Boolean {
    val handed = files.checked()
    val local = transport.asLocal()
    return reply(bytes) { source, target -> local.send(source, target, handed) }
}

/**
 * Writes what remains of [source], as [Connection.write] does, and hands [files] over with its first byte, of which there are up to 253. They
 * stay open here. When it fails or is cancelled they may have been handed over.
 *
 * @throws IllegalArgumentException if the connection is none over an abstract name, [source] is empty, a file is closed, or there are too
 * many.
 */
public suspend fun Connection.write(source: ByteBuffer, files: List<FileDescriptor>) {
    require(source.hasRemaining()) { "files need a byte to go with" }
    val stream = guarded()
    stream.handOver(files.checked(), with = source)
    try {
        write(source)
    } finally {
        stream.handOver(emptyArray(), with = source)
    }
}

/**
 * The open files that came with what has been read so far, and have not been returned yet: none unless the options say [acceptFiles]. They
 * are there by the time that the byte that they came with is, or earlier, because it reads ahead. What nobody asks for is closed with the
 * connection; while 1 024 wait, others are closed as they come.
 *
 * @throws IllegalArgumentException if the connection is none over an abstract name.
 */
public fun Connection.receivedFiles(): List<OpenFile> = guarded().receivedFiles()

private fun List<FileDescriptor>.checked(): Array<FileDescriptor> {
    require(size <= OpenFile.MOST) { "$size files are more than the ${OpenFile.MOST} that can be handed over at once" }
    forEach { require(it.valid()) { "a file to be handed over is closed" } }
    return toTypedArray()
}

private fun RawDatagrams.asLocal() = requireNotNull(this as? LocalDatagrams) {
    "$endpoint is no socket of Unix datagrams and hands over no files"
}

private fun Connection.guarded() =
    requireNotNull(transport as? GuardedStream) { "$this is no connection over an abstract name and hands over no files" }
