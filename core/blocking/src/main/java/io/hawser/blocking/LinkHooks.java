package io.hawser.blocking;

import io.hawser.SocketOptions;
import io.hawser.reconnect.Decision;

/**
 * What a link does around its sessions, each on a thread where it may wait. They come in the order in which
 * {@link io.hawser.reconnect.LinkOptions} lists them, and what it says of those that fail holds for these; a
 * {@link io.hawser.reconnect.DoNotReconnect} from any of them stops the link.
 *
 * <p>A link that is stopped interrupts them, {@link #onDisconnect} excepted, which it lets end. {@link #onConnect} and
 * {@link #onDisconnect} are interrupted when they have taken longer than {@code handshakeTimeout}, the latter after 10 s at the latest. One that overhears its interrupt is waited
 * for.
 */
public interface LinkHooks {
    /** Changes the socket options of the next attempt, which begin as the client's. */
    default void onSocket(SocketOptions.Builder socket) throws Exception {}

    /** Shakes hands on a new connection, which it does not keep, before anybody else has it. */
    default void onConnect(BlockingConnection connection) throws Exception {}

    /** Sees a connection that a session had, once it is closed. */
    default void onDisconnect(BlockingConnection connection) throws Exception {}

    /** Decides what to do about the failure of an attempt, of a session, or of a hook. By default the link goes on as its backoff says. */
    default Decision onError(Throwable failure) throws Exception {
        return Decision.Retry.INSTANCE;
    }
}
