package io.hawser.unix

import io.hawser.ConnectFailed
import io.hawser.Endpoint
import io.hawser.SocketOptions
import io.hawser.engine.disk
import io.hawser.transport.RawDatagrams
import io.hawser.transport.TransportApi
import io.hawser.transport.orTyped
import java.math.BigInteger
import java.net.SocketAddress
import java.net.UnixDomainSocketAddress
import java.nio.file.Files
import java.nio.file.Path
import java.security.SecureRandom
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext

/** Opens sockets of Unix datagrams, a client's of [remote] or of no peer, which have the name [bindTo], if that is not null. */
@OptIn(TransportApi::class)
internal class DatagramDialing(
    private val endpoint: Endpoint,
    private val remote: SocketAddress?,
    private val bindTo: ClientName?,
    private val options: SocketOptions,
    private val abstractNames: Boolean = hasAbstractNames,
) {
    /**
     * @throws io.hawser.BindFailed if the name cannot be had.
     * @throws io.hawser.ConnectFailed if nobody receives at [remote].
     */
    suspend fun open(): RawDatagrams {
        val socket = named()
        try {
            withContext(disk) { socket.connect() }
            return socket
        } catch (e: Throwable) {
            socket.close()
            withContext(NonCancellable) { socket.awaitClosed() }
            throw e.orTyped { ConnectFailed(endpoint, e) }
        }
    }

    private suspend fun named(): LocalDatagrams = when (bindTo) {
        null -> DatagramBinding(endpoint, options).unnamed(checkNotNull(remote) { "nobody could reach it" })
        is ClientName.At -> inPlace(bindTo.path, bindTo.file)
        ClientName.Auto -> if (abstractNames) atAnyName() else inFolderOfItsOwn()
    }

    private suspend fun inPlace(path: Path, file: SocketFile, afterwards: () -> Unit = {}) =
        DatagramBinding(Endpoint.of(UnixDatagram.SCHEME, UnixDomainSocketAddress.of(path)), options).inPlace(path, file, remote, afterwards)

    private suspend fun atAnyName(): LocalDatagrams {
        val name = AbstractAddress("hawser-" + BigInteger(RANDOM_BITS, random).toString(Character.MAX_RADIX))
        return DatagramBinding(Endpoint.of(UnixDatagram.SCHEME, name), options).atName(name, remote)
    }

    private suspend fun inFolderOfItsOwn(): LocalDatagrams {
        val folder = withContext(NonCancellable) { withContext(disk) { Files.createTempDirectory("hawser") } }
        try {
            return inPlace(folder.resolve("s"), SocketFile(), afterwards = { Files.deleteIfExists(folder) })
        } catch (e: IllegalArgumentException) {
            // Too long a path, before anything was made of it.
            withContext(NonCancellable) { withContext(disk) { Files.deleteIfExists(folder) } }
            throw e
        }
    }

    private companion object {
        /** So many that nobody has the name or guesses it. */
        const val RANDOM_BITS = 128
        val random = SecureRandom()
    }
}
