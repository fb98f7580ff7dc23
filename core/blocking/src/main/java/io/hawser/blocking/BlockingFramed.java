package io.hawser.blocking;

import io.hawser.framing.FrameCodec;
import io.hawser.framing.Framed;
import java.io.IOException;
import java.time.Duration;

/**
 * A connection as frames of a codec, for threads that wait. It holds nothing of its own, so frames can be mixed with lines, exact reads and
 * other codecs, and the limits of readers and writers are the connection's. It closes nothing.
 *
 * @param <T> what a frame is
 */
public final class BlockingFramed<T> {
    private final Framed<T> framed;

    BlockingFramed(Framed<T> framed) {
        this.framed = framed;
    }

    /** What makes the frames. */
    public FrameCodec<T> getCodec() {
        return framed.getCodec();
    }

    /**
     * Receives one frame, waiting for it if need be; null at the end of the stream. An interrupt loses no byte.
     *
     * @throws io.hawser.UnexpectedEnd if the stream ends inside a frame
     * @throws io.hawser.FrameTooLarge as soon as a frame over the codec's limit can be told; it stays unread
     * @throws io.hawser.MalformedFrame if what comes is no frame of the codec
     */
    public T receive() throws IOException, InterruptedException {
        return Call.await(framed::receive);
    }

    /** As {@link #receive()}, for no longer than {@code timeout}. */
    public T receive(Duration timeout) throws IOException, InterruptedException {
        return Call.await(framed::receive, timeout, () -> late("receiving a frame from", timeout));
    }

    /**
     * Sends {@code frame} whole, in the order of calls.
     *
     * @throws io.hawser.FrameTooLarge over the codec's limit, before anything is sent
     * @throws IllegalArgumentException if the codec cannot say the frame, before anything is sent
     */
    public void send(T frame) throws IOException, InterruptedException {
        Call.await(it -> framed.send(frame, it));
    }

    /** As {@link #send(Object)}, for no longer than {@code timeout}; if it had begun, the connection has been aborted. */
    public void send(T frame, Duration timeout) throws IOException, InterruptedException {
        Call.await(it -> framed.send(frame, it), timeout, () -> late("sending a frame to", timeout));
    }

    /** Sends all of {@code frames} as one write: if one of them cannot be sent, none is. */
    public void sendAll(Iterable<? extends T> frames) throws IOException, InterruptedException {
        Call.await(it -> framed.sendAll(frames, it));
    }

    private CallTimeout late(String what, Duration timeout) {
        return new CallTimeout(what, framed.getConnection().getEndpoint(), timeout);
    }

    @Override
    public String toString() {
        return framed.toString();
    }
}
