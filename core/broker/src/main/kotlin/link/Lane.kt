package io.hawser.broker.link

import io.hawser.broker.wire.Frame

/** What waits to leave of one request, in order. All but its [id] is for its [Outbound], under that one's monitor. */
internal class Lane(val id: Long, var hasBegun: Boolean) {
    val waiting = ArrayDeque<Frame>()

    /** Bytes to be granted. They wait until the START has been taken, so that the peer knows what they are for. */
    var credit = 0

    /** This side has said all that it says of the request, but CREDIT and CANCEL. */
    var isComplete = false

    /** The request has ended: nothing is said of it any more. */
    var isOver = false

    /** Where it is in the [Ring], which alone uses this and what follows. */
    var before: Lane? = null
    var after: Lane? = null
    var isInRing = false
}
