package io.hawser.unix

import io.hawser.transport.RawDatagrams
import io.hawser.transport.TransportApi
import java.io.FileDescriptor
import java.net.SocketAddress
import java.nio.ByteBuffer

/** A socket of Unix datagrams, with or without a file. */
@TransportApi
internal interface LocalDatagrams : RawDatagrams {
    /**
     * Looks the peer up, so that nobody else is heard from now on.
     *
     * @throws java.io.IOException what the system says.
     */
    fun connect()

    /** As [send], and hands [files] over. */
    fun send(source: ByteBuffer, target: SocketAddress, files: Array<FileDescriptor>): Boolean
}
