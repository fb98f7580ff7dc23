package io.hawser.blocking;

import io.hawser.Endpoint;
import io.hawser.SocketFailure;
import java.time.Duration;

/**
 * A call that was given a time was not over by then, and has been cancelled. A read has lost nothing, and can be done again; a write that
 * had begun has aborted the connection.
 */
public final class CallTimeout extends SocketFailure {
    private static final long serialVersionUID = 1;

    private final transient Endpoint endpoint;
    private final Duration timeout;

    CallTimeout(String what, Endpoint endpoint, Duration timeout) {
        super(what + " " + endpoint + " took longer than " + timeout.toMillis() + " ms", null);
        this.endpoint = endpoint;
        this.timeout = timeout;
    }

    /** The peer; null in one that has been serialized. */
    public Endpoint getEndpoint() {
        return endpoint;
    }

    /** How long the call was given. */
    public Duration getTimeout() {
        return timeout;
    }
}
