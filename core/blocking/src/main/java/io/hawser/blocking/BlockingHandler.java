package io.hawser.blocking;

/** What a server, or a link, does with each connection, on a thread where it may wait. */
@FunctionalInterface
public interface BlockingHandler {
    /**
     * Called once for each connection, which is closed when this returns. What it throws closes the connection, becomes an event, and
     * reaches no other connection; what the session of a link throws is that link's to decide about. Who cuts it closes the connection and
     * interrupts the thread.
     */
    void handle(BlockingConnection connection) throws Exception;
}
