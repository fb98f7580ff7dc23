package io.hawser.unix

import io.hawser.BindFailed
import io.hawser.Endpoint
import io.hawser.SocketFailure
import io.hawser.SocketOptions
import io.hawser.engine.EventLoop
import io.hawser.engine.disk
import io.hawser.engine.prepare
import io.hawser.transport.DatagramOpener
import io.hawser.transport.RawDatagrams.Unnamed
import io.hawser.transport.TransportApi
import io.hawser.transport.orTyped
import java.net.BindException
import java.net.SocketAddress
import java.net.UnixDomainSocketAddress
import java.nio.file.Path
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext
import org.newsclub.net.unix.AFUNIXDatagramChannel
import org.newsclub.net.unix.AFUNIXSocketAddress
import org.newsclub.net.unix.AddressAlreadyInUseSocketException

/** Gives sockets of Unix datagrams their names; [endpoint] is what failures are about. */
@OptIn(TransportApi::class)
internal class DatagramBinding(private val endpoint: Endpoint, private val options: SocketOptions) {
    /** A server's at a path. */
    fun atPath(address: UnixDomainSocketAddress, file: SocketFile): DatagramOpener = DatagramOpener {
        published {
            SocketName(endpoint, address.path, file, Probe::ofDatagrams).publish { path ->
                open(loop(), address, remote = null, bindTo = AFUNIXSocketAddress.of(path))
            }
        }
    }

    /** A server's at an abstract name. */
    fun atName(address: AbstractAddress): DatagramOpener = DatagramOpener { atName(address, remote = null) }

    /** At an abstract name; a client's of [remote], if that is not null. */
    suspend fun atName(address: AbstractAddress, remote: SocketAddress?): LocalDatagrams {
        val loop = loop()
        ensureAbstractNames(endpoint)
        return open(loop, address, remote, address.foreign())
    }

    /**
     * A client's of [remote], or of no peer, bound in place: a socket that is renamed keeps its old name for those who are to answer it.
     * [afterwards] runs when the name is gone again, and when it was not to be had.
     */
    suspend fun inPlace(path: Path, file: SocketFile, remote: SocketAddress?, afterwards: () -> Unit): LocalDatagrams = published {
        val loop = try {
            loop()
        } catch (e: Throwable) {
            withContext(NonCancellable) { withContext(disk) { afterwards() } }
            throw e
        }
        SocketName(endpoint, path, file, Probe::ofDatagrams).publishInPlace(afterwards) { free ->
            open(loop, UnixDomainSocketAddress.of(path), remote, AFUNIXSocketAddress.of(free))
        }
    }

    /** A client's of [remote] that has no name. */
    suspend fun unnamed(remote: SocketAddress): LocalDatagrams = open(loop(), Unnamed, remote, bindTo = null)

    private suspend fun published(publish: suspend () -> PublishedSocket<UnixDatagrams>): LocalDatagrams = try {
        PublishedDatagrams(publish())
    } catch (e: SocketFailure) {
        throw e
    } catch (e: Throwable) {
        throw e.orTyped { BindFailed(endpoint, e) }
    }

    private suspend fun loop(): EventLoop = AfUnixLoops.group(endpoint).next()

    private suspend fun open(
        loop: EventLoop,
        local: SocketAddress,
        remote: SocketAddress?,
        bindTo: AFUNIXSocketAddress?,
    ): UnixDatagrams {
        var opened: UnixDatagrams? = null
        try {
            withContext(loop) {
                val channel = bound(bindTo)
                opened = try {
                    UnixDatagrams(loop, channel, local, remote)
                } catch (e: Throwable) {
                    channel.close()
                    throw e
                }
            }
            return checkNotNull(opened)
        } catch (e: Throwable) {
            // Opened, but the caller was cancelled on the way back.
            opened?.run {
                close()
                withContext(NonCancellable) { awaitClosed() }
            }
            throw e.orTyped { BindFailed(endpoint, e) }
        }
    }

    private fun bound(address: AFUNIXSocketAddress?): AFUNIXDatagramChannel {
        val channel = AFUNIXDatagramChannel.open()
        try {
            channel.configureBlocking(false)
            // It would remove whatever has its name by then.
            channel.isDeleteOnClose = false
            options.prepare(channel, if (address == null) options.beforeConnect else options.beforeBind)
            if (address != null) channel.bind(address)
            return channel
        } catch (e: AddressAlreadyInUseSocketException) {
            channel.close()
            throw BindException("Address already in use").apply { initCause(e) }
        } catch (e: Throwable) {
            channel.close()
            throw e
        }
    }
}

/** A socket that has a name in the file system, which it loses before it is closed. */
@OptIn(TransportApi::class)
private class PublishedDatagrams(private val published: PublishedSocket<UnixDatagrams>) : LocalDatagrams by published.socket {
    override fun close(): Unit = published.close()

    override suspend fun awaitClosed() {
        published.awaitClosed()
        published.socket.awaitClosed()
    }

    override fun toString(): String = published.socket.toString()
}
