package io.hawser.broker.blocking;

import io.hawser.blocking.Blocking;
import io.hawser.broker.link.BodyInbox;
import io.hawser.engine.EventLoop;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.Objects;

/** What comes of a body, as Java's libraries read it. */
final class BodyInput extends InputStream {
    private final BodyInbox inbox;
    private final Runnable whenOver;
    private byte[] piece = new byte[0];
    private int position;
    private boolean isClaimed;
    private boolean isEnded;
    private volatile boolean isClosed;

    /** {@code whenOver} is run when all of it has been read, or nobody wants any more. */
    BodyInput(BodyInbox inbox, Runnable whenOver) {
        this.inbox = inbox;
        this.whenOver = whenOver;
    }

    @Override
    public int read() throws IOException {
        return hasMore() ? piece[position++] & 0xff : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) return 0;
        if (!hasMore()) return -1;
        int count = Math.min(length, piece.length - position);
        System.arraycopy(piece, position, target, offset, count);
        position += count;
        return count;
    }

    @Override
    public int available() {
        return isClosed ? 0 : piece.length - position;
    }

    @Override
    public void close() {
        isClosed = true;
        whenOver.run();
    }

    private boolean hasMore() throws IOException {
        if (isClosed) throw new IOException("the stream has been closed");
        while (position == piece.length && !isEnded) {
            byte[] next = next();
            isEnded = next == null;
            if (isEnded) whenOver.run();
            else piece = next;
            position = isEnded ? piece.length : 0;
        }
        return !isEnded;
    }

    private byte[] next() throws IOException {
        try {
            if (!isClaimed) inbox.claim();
            isClaimed = true;
            return Blocking.await(inbox::next);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            InterruptedIOException failure = new InterruptedIOException("the thread was interrupted");
            failure.initCause(e);
            throw failure;
        } catch (IllegalStateException e) {
            // Whoever reads streams expects a failure of the stream when it has been closed, or the request answered.
            if (EventLoop.current() != null) throw e;
            throw new IOException(e.getMessage(), e);
        }
    }
}
