package io.hawser.broker

import io.hawser.Endpoint
import io.hawser.ExperimentalHawserApi
import java.util.UUID

/**
 * Sees each request that is asked, from before it leaves until its reply has been taken: `ConsumerOptions { observer(…) }`. Called by whoever
 * asks, from any thread, in passing: it does not wait. What it throws fails the request, but what it throws at a failure is suppressed in that,
 * and what it throws at the end of a request that has not failed is logged.
 */
public fun interface RequestObserver {
    /** Somebody asks on [channel] with [headers]. Called where he asks, before all else; what it returns sees this request alone. */
    @ExperimentalHawserApi
    public fun asking(channel: UUID, headers: Map<String, String>): ObservedRequest
}

/** Sees one request. */
@ExperimentalHawserApi
public interface ObservedRequest {
    /**
     * The headers that are sent, in place of those that were given. Where the broker has no room for them, those that were given and are the
     * same here are sent instead, and it is told so by [headersLeftOut].
     */
    public val headers: Map<String, String>

    /** There is no room for what it has put into the headers: the request goes without that. */
    public fun headersLeftOut() {}

    /** It is asked for the time [number], from 1 on, at the broker at [broker]. */
    public fun attempt(number: Int, broker: Endpoint) {}

    /** The attempt [number] has failed with [cause]; there may be another one. */
    public fun attemptFailed(number: Int, cause: BrokerFailure) {}

    /** It is over: its reply has been taken, or it failed with [cause], which is a cancellation if nobody wants it any more. */
    public fun ended(cause: Throwable?)
}
