package io.hawser.unix

import java.io.IOException
import java.net.ConnectException
import java.net.StandardProtocolFamily.UNIX
import java.net.UnixDomainSocketAddress
import java.nio.channels.SocketChannel
import java.nio.file.Path
import org.newsclub.net.unix.AFUNIXDatagramChannel
import org.newsclub.net.unix.AFUNIXSocketAddress
import org.newsclub.net.unix.ConnectionRefusedSocketException

/** Whether somebody listens on a socket. */
internal sealed interface Probe {
    /** Somebody does. */
    object Alive : Probe

    /** It is the socket of somebody who has ended. */
    object Ended : Probe

    /** There is no such socket any more. */
    object Gone : Probe

    /** It cannot be told, because of the [cause]. */
    class Unknown(val cause: IOException) : Probe

    companion object {
        /** Connects to [path], which waits for nobody: a server that lives sees a connection come and go. */
        fun of(path: Path): Probe = try {
            SocketChannel.open(UNIX).use { channel ->
                channel.configureBlocking(false)
                if (path.fits()) channel.connect(path) else Shortcut(path).use { channel.connect(it.path) }
            }
            Alive
        } catch (e: ConnectException) {
            Ended
        } catch (e: IOException) {
            val text = e.message.orEmpty().lowercase()
            when {
                "no such file" in text -> Gone

                // Its backlog is full.
                "temporarily unavailable" in text -> Alive

                // A socket for datagrams, or for packets.
                "wrong type for socket" in text -> Alive

                else -> Unknown(e)
            }
        }

        private fun SocketChannel.connect(path: Path) = connect(UnixDomainSocketAddress.of(path))

        /** The same of a socket of datagrams; one of another kind is nobody's to remove. */
        fun ofDatagrams(path: Path): Probe = try {
            AFUNIXDatagramChannel.open().use { it.connect(AFUNIXSocketAddress.of(path)) }
            Alive
        } catch (e: IOException) {
            val text = e.message.orEmpty().lowercase()
            when {
                e is ConnectionRefusedSocketException || "refused" in text -> Ended

                "no such file" in text -> Gone

                // It has a peer, and we are another one.
                "not permitted" in text -> Alive

                else -> Unknown(e)
            }
        }
    }
}
