package io.hawser.broker.blocking;

import io.hawser.blocking.Blocking;
import io.hawser.broker.Body;
import io.hawser.broker.Responder;
import java.io.IOException;
import java.util.Map;

/**
 * Answers one request, from one thread at a time. When nobody waits for the answer any more the handler is interrupted, and what it sends
 * goes nowhere.
 */
public final class BlockingResponder {
    private final Responder responder;

    BlockingResponder(Responder responder) {
        this.responder = responder;
    }

    /**
     * Sends {@code chunk}, which must not change any more, waiting while who asked is slower. Where one ends and the next begins does not
     * survive the way.
     *
     * @throws IllegalStateException once the request has been answered
     */
    public void send(byte[] chunk) throws IOException, InterruptedException {
        Blocking.await(it -> responder.send(chunk, it));
    }

    /** Sends {@code body} as a part of the answer: {@code Body.of(stream)} for what comes of a stream. Otherwise as the other. */
    public void send(Body body) throws IOException, InterruptedException {
        Blocking.await(it -> responder.send(body, it));
    }

    /**
     * Has the answer begin with {@code headers}, in place of those that have been given.
     *
     * @throws IllegalStateException once something has been sent
     * @throws io.hawser.broker.HeadersTooLarge if they are longer than the broker takes
     */
    public void headers(Map<String, String> headers) throws IOException {
        responder.headers(headers);
    }

    /** Answers with {@code body}, which must not change any more: that is all. */
    public void reply(byte[] body) throws IOException, InterruptedException {
        reply(body, Map.of());
    }

    /**
     * Answers with {@code body} and, if there are some, with {@code headers} in place of those that have been given.
     *
     * @throws IllegalStateException once something has been sent
     */
    public void reply(byte[] body, Map<String, String> headers) throws IOException, InterruptedException {
        Blocking.await(it -> responder.reply(body, headers, it));
    }

    /**
     * Answers that the request has failed, behind what has been sent: who asked gets a {@link io.hawser.broker.RequestFailed} with
     * {@code code}, which is not negative, and {@code message}. Does not return: {@code throw responder.fail(4, "no such page")} tells the
     * compiler so.
     */
    public RuntimeException fail(int code, String message) {
        responder.fail(code, message);
        throw new AssertionError("a request has failed, and goes on");
    }

    /** The responder that this one is of. */
    public Responder unwrap() {
        return responder;
    }
}
