package io.hawser.broker

/**
 * Answers one request. A handler that returns has answered, with what it has sent; one that throws has failed, and so who asked gets a
 * [RequestFailed] with the message of what it threw. Used by one coroutine at a time.
 *
 * When nobody waits for the answer any more the handler is cancelled, and what it sends goes nowhere.
 */
public interface Responder {
    /**
     * Sends [chunk], which must not change any more, waiting while who asked is slower. Where one ends and the next begins does not survive
     * the way. Cancelled, by a timeout of the handler's own for instance, it may have sent a part.
     *
     * @throws IllegalStateException once the request has been answered.
     */
    public suspend fun send(chunk: ByteArray)

    /** Sends [body] as a part of the answer. Otherwise as the other. */
    public suspend fun send(body: Body)

    /**
     * Has the answer begin with [headers], in place of those that have been given.
     *
     * @throws IllegalStateException once something has been sent.
     * @throws IllegalArgumentException for headers that cannot be sent.
     * @throws HeadersTooLarge if they are longer than the broker takes.
     */
    public fun headers(headers: Map<String, String>)

    /**
     * Answers with [body], which must not change any more, and with [headers], if there are some, in place of those that have been given:
     * that is all, and what fits is sent as one frame.
     *
     * @throws IllegalStateException once something has been sent.
     */
    public suspend fun reply(body: ByteArray, headers: Map<String, String> = emptyMap())

    /**
     * Answers that the request has failed, behind what has been sent: who asked gets a [RequestFailed] with [code], which is not negative,
     * and [message]. Does not return: the [AnswerFailed] that it throws ends the handler.
     */
    public fun fail(code: Int, message: String): Nothing
}
