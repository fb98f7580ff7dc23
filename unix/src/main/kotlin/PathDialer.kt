package io.hawser.unix

import io.hawser.ConnectFailed
import io.hawser.ConnectFailed.Reason.Refused
import io.hawser.ConnectFailed.Reason.WrongKind
import io.hawser.Endpoint
import io.hawser.SocketOptions
import io.hawser.engine.EventLoop
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.connect
import io.hawser.engine.disk
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.hawser.transport.orTyped
import java.io.IOException
import java.net.SocketException
import java.net.UnixDomainSocketAddress
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.withContext

/** Connects to the socket at a path. */
@OptIn(TransportApi::class)
internal class PathDialer(
    private val endpoint: Endpoint,
    private val address: UnixDomainSocketAddress,
    private val group: EventLoopGroup?,
) {
    private val identity = ConnectedToPath(address)

    /** @throws ConnectFailed if nobody listens there. */
    suspend fun connect(socket: SocketOptions, failed: (ConnectFailed) -> Unit): RawStream {
        val loop = (group ?: EventLoopGroup.shared).loopFor(currentCoroutineContext())
        val shortcut = if (address.path.fits()) null else shortcut()
        try {
            return connect(loop, shortcut?.let { UnixDomainSocketAddress.of(it.path) } ?: address, socket, failed)
        } finally {
            shortcut?.let { withContext(NonCancellable) { withContext(disk) { it.close() } } }
        }
    }

    private suspend fun connect(
        loop: EventLoop,
        to: UnixDomainSocketAddress,
        socket: SocketOptions,
        failed: (ConnectFailed) -> Unit,
    ): RawStream = untilThereIsRoom(endpoint, failed) {
        try {
            loop.connect(to, identity, socket)
        } catch (e: SocketException) {
            if (e.message.orEmpty().contains("temporarily unavailable", ignoreCase = true)) throw BacklogFull(e)
            throw failure(e)
        } catch (e: Throwable) {
            throw e.orTyped { ConnectFailed(endpoint, e) }
        }
    }

    private suspend fun shortcut(): Shortcut {
        var made: Shortcut? = null
        try {
            withContext(disk) { made = Shortcut(address.path) }
            return checkNotNull(made)
        } catch (e: Throwable) {
            withContext(NonCancellable) { withContext(disk) { made?.close() } }
            throw e.orTyped { ConnectFailed(endpoint, e) }
        }
    }

    /** What is no socket refuses as one does whose server has ended. */
    private suspend fun failure(e: SocketException): ConnectFailed {
        val plain = ConnectFailed(endpoint, e)
        if (plain.reason != Refused) return plain
        val status = withContext(disk) {
            try {
                FileStatus.behind(address.path)
            } catch (_: IOException) {
                null
            }
        }
        return if (status == null || status.isSocket) plain else ConnectFailed(endpoint, WrongKind, "it is ${status.kind}, not a socket", e)
    }
}
