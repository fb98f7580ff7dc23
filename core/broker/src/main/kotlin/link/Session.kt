package io.hawser.broker.link

import io.hawser.broker.wire.Frame

/** What a client does on a connection on which it is registered. All of it is called on the connection's loop. */
internal interface Session {
    /** Whether something new may be asked of who is at the other side. Any thread. */
    val isOpen: Boolean

    /** @throws io.hawser.broker.wire.Violation if the broker may not say that. */
    fun hear(frame: Frame)

    /** The broker takes nothing new. */
    fun brokerLeaves()

    /** This side is to finish, and then to end the connection. */
    fun finish()

    /** The connection has ended, for [cause]: for a [io.hawser.broker.BrokerLeaving] if nobody has begun with what is open. */
    fun ended(cause: Throwable)
}
