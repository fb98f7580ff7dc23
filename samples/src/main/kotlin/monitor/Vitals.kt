package io.hawser.samples.monitor

import io.hawser.Health
import io.hawser.RunningServer
import io.hawser.ServerHandle
import io.hawser.samples.serve.numbers

/** This as a word, and what is wrong. */
internal fun Health.inWords(): Snapshot.Health = when (this) {
    is Health.Up -> Snapshot.Health("up")
    is Health.Degraded -> Snapshot.Health("degraded", problems.map { "$it" })
    is Health.Down -> Snapshot.Health("down", listOf("$problem"))
}

/** What there has been since it began, by name. */
internal fun ServerHandle.sums(): Map<String, Long> =
    if (this is RunningServer) numbers() + ("throttled" to totals.throttled) else numbers()

/** Whom it has refused, by reason: what the class is called, as in `too_many_connections`. */
internal fun ServerHandle.refused(): Map<String, Long> =
    (this as? RunningServer)?.totals?.refusedFor.orEmpty().mapKeys { (reason, _) -> reason.simpleName.replace(wordBegins, "_").lowercase() }

private val wordBegins = Regex("(?<=[a-z])(?=[A-Z])")
