package io.hawser.broker.blocking;

import io.hawser.blocking.Blocking;
import io.hawser.broker.Request;
import io.hawser.broker.link.BodyInbox;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;

/** A {@link Request} for a thread that waits. */
public final class BlockingRequest {
    private final Request request;
    private final BodyInput body;

    BlockingRequest(Request request) {
        this.request = request;
        body = new BodyInput((BodyInbox) request.getBody(), () -> {});
    }

    /** The provider's own number for it, never given twice. */
    public long getId() {
        return request.getId();
    }

    /** Where it was asked. */
    public UUID getChannel() {
        return request.getChannel();
    }

    /** What came with it, in the asker's order. */
    public Map<String, String> getHeaders() {
        return request.getHeaders();
    }

    /** How long until nobody waits for the answer any more, and its handler is interrupted; null if that is not known. */
    public Duration getTimeLeft() {
        return request.getTimeLeft();
    }

    /**
     * What is asked, to be read once, by one thread at a time. What has been read is what the asker may send more of: who is slow slows it
     * down. What is not read is thrown away.
     */
    public InputStream getBody() {
        return body;
    }

    /**
     * Reads all that is asked, up to {@code limit} bytes.
     *
     * @throws io.hawser.broker.BodyTooLarge if it is more
     * @throws IllegalStateException if it has been read before
     */
    public byte[] bytes(int limit) throws IOException, InterruptedException {
        return Blocking.await(it -> request.bytes(limit, it));
    }

    /** The request that this one is of. */
    public Request unwrap() {
        return request;
    }

    @Override
    public String toString() {
        return request.toString();
    }
}
