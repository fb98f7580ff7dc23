package io.hawser.blocking;

import io.hawser.Datagram;
import java.io.IOException;

/** What a server does with each datagram, on a thread where it may wait. */
@FunctionalInterface
public interface BlockingDatagramHandler {
    /**
     * Called once for each datagram. What it throws becomes an event, and nothing is sent to whoever caused it.
     *
     * @param reply answers this very datagram, during the call
     */
    void handle(Datagram datagram, Reply reply) throws Exception;

    /** Answers one datagram. */
    @FunctionalInterface
    interface Reply {
        /**
         * Sends {@code bytes} to the sender, and returns whether they have left: over {@code replyRate} of the server's options, and after
         * {@code replyTimeout} without room, a reply is dropped, which is counted and published. May be called any number of times.
         *
         * @throws io.hawser.ReplyImpossible if the datagram came from a socket without an address
         * @throws io.hawser.PeerUnreachable if the sender is gone
         * @throws io.hawser.DatagramTooLarge before anything is sent
         */
        boolean send(byte[] bytes) throws IOException, InterruptedException;
    }
}
