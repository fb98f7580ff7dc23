package io.hawser.samples.monitor

import io.hawser.Endpoint
import io.hawser.samples.top.Example
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.hawser.tls.ServerTls
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.onCompletion
import kotlinx.coroutines.flow.onStart
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.yield

class MonitorSpec : StringSpec({
    extension(LeakCheck)
    timeout = 60_000

    val tls: () -> ServerTls = { error("there is to be none") }

    /** Has [block] use the port of a monitor that sends one snapshot after the other; [lookers] is how many it is made for. */
    suspend fun monitoring(lookers: MutableStateFlow<Int>, snapshot: Snapshot, block: suspend (port: Int) -> Unit) {
        val snapshots = flow {
            while (true) {
                emit(snapshot)
                yield()
            }
        }.onStart { lookers.update { it + 1 } }.onCompletion { lookers.update { it - 1 } }
        var port = 0
        monitored(Endpoint.parse("127.0.0.1:0"), snapshots, tls, { port = (it as Endpoint.Inet).port }) { block(port) }
    }

    "nothing is looked at while nobody watches, and once for all who do" {
        val lookers = MutableStateFlow(0)
        monitoring(lookers, Example.idle) { port ->
            lookers.value shouldBe 0
            Tcp.client("127.0.0.1", port).connect { first ->
                snapshotOf(first.readLine().orEmpty()) shouldBe Example.idle
                Tcp.client("127.0.0.1", port).connect { second ->
                    snapshotOf(second.readLine().orEmpty()) shouldBe Example.idle
                    lookers.value shouldBe 1
                }
                snapshotOf(first.readLine().orEmpty()) shouldBe Example.idle
                lookers.value shouldBe 1
            }
            lookers.first { it == 0 }
            Tcp.client("127.0.0.1", port).connect { again -> snapshotOf(again.readLine().orEmpty()) shouldBe Example.idle }
        }
    }

    "whoever takes nothing holds up nobody" {
        val large = Example.idle.copy(busiest = List(200) { Example.broker.busiest.first() })
        monitoring(MutableStateFlow(0), large) { port ->
            Tcp.client("127.0.0.1", port).connect {
                Tcp.client("127.0.0.1", port).connect { other ->
                    // More than the system keeps for the one who takes nothing.
                    repeat(500) { other.readLine(1 shl 20) shouldBe large.toJson() }
                }
            }
        }
    }
})
