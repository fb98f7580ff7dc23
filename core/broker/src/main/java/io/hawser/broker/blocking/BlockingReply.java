package io.hawser.broker.blocking;

import java.io.InputStream;
import java.util.Map;

/**
 * What a provider answers, as it comes: for try-with-resources, because to leave it before its end cancels the request. For one thread at a
 * time.
 */
public final class BlockingReply implements AutoCloseable {
    private final OpenExchange exchange;
    private final BodyInput body;

    BlockingReply(OpenExchange exchange) {
        this.exchange = exchange;
        body = new BodyInput(exchange.getBody(), exchange::close);
    }

    /** What came with it, in the provider's order. */
    public Map<String, String> getHeaders() {
        return exchange.getReply().getHeaders();
    }

    /**
     * What it says. What has been read is what the provider may send more of: who is slow slows it down. It fails as the request does, behind
     * what had come before. Closing it closes this.
     */
    public InputStream getBody() {
        return body;
    }

    /** Cancels the request unless its reply has come to its end. Returns at once; idempotent. */
    @Override
    public void close() {
        body.close();
    }

    @Override
    public String toString() {
        return "reply with " + getHeaders().size() + " headers";
    }
}
