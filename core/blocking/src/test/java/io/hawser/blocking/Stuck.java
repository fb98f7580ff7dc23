package io.hawser.blocking;

import io.hawser.SocketOptions;
import io.hawser.reconnect.Decision;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/** Waits in one place until it is interrupted, or let go. */
final class Stuck implements LinkHooks, BlockingHandler {
    enum Place {
        SOCKET,
        CONNECT,
        SESSION,
        DISCONNECT,
        ERROR,
    }

    final CountDownLatch reached = new CountDownLatch(1);
    final CountDownLatch mayGo = new CountDownLatch(1);
    final CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
    private final Place where;

    Stuck(Place where) {
        this.where = where;
    }

    private void pass(Place place) throws InterruptedException {
        if (place != where) return;
        reached.countDown();
        try {
            mayGo.await();
            interrupted.complete(false);
        } catch (InterruptedException e) {
            interrupted.complete(true);
            throw e;
        }
    }

    @Override
    public void onSocket(SocketOptions.Builder socket) throws InterruptedException {
        pass(Place.SOCKET);
    }

    @Override
    public void onConnect(BlockingConnection connection) throws InterruptedException {
        pass(Place.CONNECT);
    }

    @Override
    public void handle(BlockingConnection connection) throws Exception {
        pass(Place.SESSION);
        throw new IOException("failed");
    }

    @Override
    public void onDisconnect(BlockingConnection connection) throws InterruptedException {
        pass(Place.DISCONNECT);
    }

    @Override
    public Decision onError(Throwable failure) throws InterruptedException {
        pass(Place.ERROR);
        return Decision.Retry.INSTANCE;
    }
}
