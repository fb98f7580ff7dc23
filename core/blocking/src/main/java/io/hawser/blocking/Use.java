package io.hawser.blocking;

import java.io.IOException;

/** Uses a connection that it does not own. */
@FunctionalInterface
public interface Use<R> {
    /** Returns what it was used for. */
    R of(BlockingConnection connection) throws IOException, InterruptedException;
}
