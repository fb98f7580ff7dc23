package io.hawser.samples.health

import io.hawser.Endpoint
import io.hawser.Hawser
import io.hawser.Health
import io.hawser.HealthProblem
import io.hawser.samples.cli.Console
import io.hawser.samples.cli.Told
import io.hawser.samples.cli.inOneLine
import io.hawser.samples.tls.streamClient
import io.hawser.samples.tls.withoutTls
import io.hawser.samples.top.span
import kotlin.time.toKotlinDuration

/**
 * Tells on [console] whether the endpoint of [arguments] is up.
 *
 * @throws Told if it is not.
 * @throws io.hawser.tls.InvalidTlsConfiguration if the files that it was told of are of no use.
 */
internal suspend fun checkHealth(arguments: HealthArguments, console: Console) {
    val endpoint = arguments.endpoint.endpoint
    val patience = arguments.timeout.value
    val health = if (endpoint.isDatagram) {
        Hawser.datagramClient(endpoint).health(patience)
    } else {
        streamClient(endpoint, tls = arguments::clientTls).health(patience)
    }
    console.out.println(health.inOneLine(endpoint).replace(Console.unprintable, "?"))
    if (!health.isUsable) throw Told()
}

internal fun Health.inOneLine(endpoint: Endpoint): String = when (this) {
    is Health.Up -> "up $endpoint" + took?.let { " in ${span(it.toKotlinDuration())}" }.orEmpty()
    is Health.Degraded -> "degraded $endpoint: ${problems.joinToString("; ")}"
    is Health.Down -> "down $endpoint: ${problem.inOneLine(endpoint)}"
}

/** Its endpoint stands before it. */
private fun HealthProblem.inOneLine(endpoint: Endpoint): String = when (this) {
    is HealthProblem.Unreachable -> listOf(endpoint, endpoint.withoutTls()).fold(cause.inOneLine()) { why, it ->
        why.substringAfter("$it: ")
    }

    is HealthProblem.NoAnswer -> "no answer within ${span(timeout.toKotlinDuration())}"

    else -> "$this"
}
