package io.hawser.testkit.reconnect

import io.hawser.reconnect.Backoff
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.LinkState
import io.hawser.reconnect.reconnecting
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.virtualTime
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay

/** Many links of one server, in virtual time: what it meets when it comes back. */
class LinkStormSpec : StringSpec({
    extension(LeakCheck)

    val clients = 300

    /** The most that come within a tenth of a second of each other. */
    fun List<Duration>.crowd(): Int = maxOf { start -> count { it in start..start + 100.milliseconds } }

    "three hundred clients come back one by one to a server that was down for a minute" {
        virtualTime {
            val random = Random(90)
            val arrivals = mutableListOf<Duration>()
            val links = List(clients) {
                clientOf("down").reconnecting(
                    LinkOptions { backoff = Backoff.exponential(100.milliseconds, ceiling = 10.seconds).jittered(random) },
                ).start(this) { awaitCancellation() }
            }
            delay(60.seconds)
            val server = serverOn("down").start(this) {
                arrivals += elapsed
                awaitCancellation()
            }
            links.forEach { it.awaitConnected() }
            arrivals.size shouldBe clients
            arrivals.crowd() shouldBeLessThan clients * 15 / 100
            links.forEach { it.close() }
            server.close()
        }
    }

    "clients that lose their server together do not all come back at once" {
        virtualTime {
            val random = Random(91)
            val first = serverOn("dropped").start(this) { awaitCancellation() }
            val links = List(clients) {
                clientOf("dropped").reconnecting(
                    LinkOptions { backoff = Backoff.exponential(2.seconds, ceiling = 10.seconds).jittered(random) },
                ).start(this) { it.readLine() }
            }
            links.forEach { it.awaitConnected() }
            delay(20.seconds)
            first.shutdown(Duration.ZERO)
            val lost = elapsed
            val arrivals = mutableListOf<Duration>()
            val second = serverOn("dropped").start(this) {
                arrivals += elapsed
                awaitCancellation()
            }
            links.forEach { (it.state.value as LinkState.Waiting).attempt shouldBe 2 }
            links.forEach { it.awaitConnected() }
            arrivals.crowd() shouldBeLessThan clients * 15 / 100
            arrivals.all { it - lost <= 2.seconds } shouldBe true
            links.forEach { it.close() }
            second.close()
        }
    }
})
