package io.hawser.unix

import io.hawser.Endpoint
import io.hawser.UnsupportedTransport
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.EventLoopOptions
import io.hawser.engine.disk
import io.hawser.transport.TransportApi
import kotlinx.coroutines.withContext
import org.newsclub.net.unix.AFSocket
import org.newsclub.net.unix.AFUNIXSelectorProvider

/**
 * The loop of the sockets that the JDK has not got, which junixsocket opens: only its selector watches its channels. That is a poll, which
 * gets slower with each of them, so that there is one loop and nothing else lives on it.
 *
 * Its channels do not hold on to their descriptor while they are used, as the JDK's do: whoever closes one while another thread is in a
 * call of it may have that call meet somebody else's socket. Their users see to it that this does not happen.
 */
@OptIn(TransportApi::class)
internal object AfUnixLoops {
    /** Guarded by this. */
    private var running: EventLoopGroup? = null

    /**
     * The group of that loop, started with the first call and again should it have died.
     *
     * @throws UnsupportedTransport naming [endpoint] where junixsocket has no native library.
     */
    suspend fun group(endpoint: Endpoint): EventLoopGroup = withContext(disk) {
        // On a thread that may block, because the library is written to a file before it is loaded.
        ensureSupported(endpoint)
        current()
    }

    @Synchronized
    private fun current(): EventLoopGroup {
        running?.takeIf { it.isAlive }?.let { return it }
        return EventLoopGroup(
            EventLoopOptions {
                loops = 1
                name = "hawser-af-unix"
                provider = AFUNIXSelectorProvider.provider()
            },
        ).also { running = it }
    }

    private fun ensureSupported(endpoint: Endpoint) {
        val cause = try {
            if (AFSocket.isSupported()) return
            UnsupportedOperationException("junixsocket has no library for it")
        } catch (e: LinkageError) {
            e
        }
        throw UnsupportedTransport(endpoint, cause)
    }
}
