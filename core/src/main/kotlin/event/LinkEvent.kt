package io.hawser.event

import io.hawser.Endpoint
import io.hawser.reconnect.LinkState

/** What happened to a reconnecting client, between the [ConnectionEvent]s of its connections. */
public sealed interface LinkEvent : SocketEvent {
    /** Whom the link connects to; the first one, if there are several. */
    public val endpoint: Endpoint

    /** It went over to [state]; to [LinkState.Waiting] twice, before and after it is decided for how long. The last event of a link is the one that says [LinkState.Stopped]. */
    public data class StateChanged(override val endpoint: Endpoint, public val state: LinkState) : LinkEvent

    /** Its [hook], `onDisconnect` for example, failed with [cause]. */
    public data class HookFailed(override val endpoint: Endpoint, public val hook: String, public val cause: Throwable) : LinkEvent
}
