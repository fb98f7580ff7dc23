package io.hawser

import io.hawser.event.ServerState

/** How a server in this state is, which has [problems] while it listens. */
internal fun ServerState.health(problems: () -> List<HealthProblem>): Health = when (this) {
    is ServerState.Listening -> problems().let { if (it.isEmpty()) Health.Up() else Health.Degraded(it) }
    ServerState.NotAccepting -> Health.Down(HealthProblem.NotAccepting)
    ServerState.Draining -> Health.Down(HealthProblem.Draining)
    is ServerState.Closed -> Health.Down(HealthProblem.Ended(cause = null))
    is ServerState.Failed -> Health.Down(if (cause is EventLoopClosed) HealthProblem.LoopClosed(cause) else HealthProblem.Ended(cause))
}
