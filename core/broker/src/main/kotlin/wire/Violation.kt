package io.hawser.broker.wire

import io.hawser.SocketFailure

/** The peer has broken the protocol: it is told the [code], and for this side the connection ends with the [failure]. */
internal class Violation(val code: Code, val failure: SocketFailure) : RuntimeException(failure.message, failure, false, false)
