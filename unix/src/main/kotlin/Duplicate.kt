package io.hawser.unix

import java.io.FileDescriptor
import java.io.FileInputStream
import org.newsclub.net.unix.AFUNIXDatagramChannel
import org.newsclub.net.unix.FileDescriptorCast

/**
 * A channel of a copy of another one's descriptor: junixsocket closes the descriptor that it finds nobody behind, and this one can be made
 * anew. Non-blocking, as the other one is.
 */
internal class Duplicate(original: AFUNIXDatagramChannel) : AutoCloseable {
    val channel: AFUNIXDatagramChannel = FileDescriptorCast.duplicating(original.fileDescriptor).`as`(AFUNIXDatagramChannel::class.java)
    val descriptor: FileDescriptor = channel.fileDescriptor

    init {
        try {
            channel.configureBlocking(false)
            // It would remove whatever has the socket's name by then.
            channel.isDeleteOnClose = false
        } catch (e: Throwable) {
            close()
            throw e
        }
    }

    /** A channel that was made of a descriptor leaves that open. */
    override fun close() {
        channel.close()
        if (descriptor.valid()) FileInputStream(descriptor).close()
    }
}
