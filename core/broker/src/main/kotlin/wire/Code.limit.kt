package io.hawser.broker.wire

import io.hawser.broker.Overloaded.Limit

/** What there is too much of, where this code says that there is. */
internal val Code.limit: Limit get() = when (this) {
    Code.TOO_MANY_OF_CONNECTION -> Limit.RequestsOfConnection
    Code.TOO_MANY -> Limit.Requests
    Code.TOO_MANY_BYTES_OF_CONNECTION -> Limit.BytesOfConnection
    Code.TOO_MANY_BYTES -> Limit.Bytes
    Code.TOO_MANY_WAITING -> Limit.Waiting
    Code.TOO_MANY_CHANNELS -> Limit.Channels
    Code.TOO_MANY_REGISTRATIONS -> Limit.Registrations
    else -> Limit.Other
}
