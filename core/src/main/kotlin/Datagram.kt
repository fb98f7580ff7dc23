package io.hawser

import java.net.SocketAddress

/** One message as it came, with its boundaries. Immutable, if nobody writes to [bytes]. */
public class Datagram(
    /** What was sent, all of it unless it [isCut]; empty datagrams are datagrams too. */
    public val bytes: ByteArray,
    /** Who sent it, or null where nobody can be answered: a Unix socket without a name sent it. */
    public val sender: SocketAddress?,
    /** Whether there was more of it than the socket takes ([DatagramOptions.maxDatagramSize]); that is lost. */
    public val isCut: Boolean = false,
    /**
     * What came along with the bytes, where the transport knows of such things. What of it is an [AutoCloseable] a server closes when its
     * handler has returned, or when there is none for it; who receives by a [DatagramSocket] does so himself.
     */
    public val attributes: Attributes = Attributes.none,
) {
    /** [bytes] as UTF-8, with replacement characters for what is none. */
    public val text: String get() = bytes.decodeToString()

    /** Whether there is somebody to answer. */
    public val canReply: Boolean get() = sender != null

    override fun toString(): String = "${bytes.size} bytes${if (isCut) ", cut," else ""} from ${sender ?: "nobody with an address"}"
}

/** What [DatagramSocket.receive] has put into a buffer. */
public class Receipt internal constructor(
    /** Who sent it, or null where nobody can be answered. */
    public val sender: SocketAddress?,
    /** How many bytes of it are in the buffer. */
    public val length: Int,
    /** Whether there was more of it than the buffer or the socket takes; that is lost. */
    public val isCut: Boolean,
    /** What came along with the bytes, as [Datagram.attributes]. */
    public val attributes: Attributes,
) {
    /** Whether there is somebody to answer. */
    public val canReply: Boolean get() = sender != null

    override fun toString(): String = "$length bytes${if (isCut) ", cut," else ""} from ${sender ?: "nobody with an address"}"
}
