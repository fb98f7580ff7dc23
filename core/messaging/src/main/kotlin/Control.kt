package io.hawser.messaging

/** What hubs and their clients tell each other in messages of type CONTROL, as `PROTOCOL.md` has it. */
internal object Control {
    const val PING = "ping"
    const val PONG = "pong"
    const val HELLO = "hello"
    const val REFUSED = "refused"
    const val SHUTDOWN = "shutdown"

    const val TOO_MANY_CLIENTS = "too many clients"
    const val SENDING_NOT_ALLOWED = "sending is not allowed"
}
