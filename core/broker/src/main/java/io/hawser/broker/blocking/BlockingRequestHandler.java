package io.hawser.broker.blocking;

/** What a provider does with each request, on a thread where it may wait. */
@FunctionalInterface
public interface BlockingRequestHandler {
    /**
     * Called once for each request. When it returns it has answered, with what it has sent; what it throws fails the request, with its
     * message and never its stack. When nobody waits for the answer any more the thread is interrupted.
     */
    void handle(BlockingRequest request, BlockingResponder responder) throws Exception;
}
