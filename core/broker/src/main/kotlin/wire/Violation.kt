package io.hawser.broker.wire

import io.hawser.Endpoint
import io.hawser.MalformedFrame
import io.hawser.SocketFailure

/** The peer has broken the protocol: it is told the [code] and [detail], and for this side the connection ends with the [failure]. */
internal class Violation(val code: Code, val failure: SocketFailure, val detail: String = failure.message.orEmpty()) :
    RuntimeException(failure.message, failure, false, false) {
    constructor(code: Code, peer: Endpoint, detail: String) : this(code, MalformedFrame(peer, detail), detail)
}
