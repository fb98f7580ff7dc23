package io.hawser.testkit

import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlin.time.TimeSource.Monotonic.ValueTimeMark
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch

class FaultProxyTimeSpec : StringSpec({
    extension(LeakCheck)
    defaultTestConfig = DefaultTestConfig(timeout = 30.seconds)

    "latency delays without limiting what is on its way" {
        behindProxy { proxy, client, _ ->
            client.connect { connection ->
                connection.writeLine("warm")
                connection.readLine()
                proxy.latency = 100.milliseconds
                val start = TimeSource.Monotonic.markNow()
                launch {
                    repeat(100) {
                        connection.writeLine("$it")
                        delay(2.milliseconds)
                    }
                }
                repeat(100) { connection.readLine() shouldBe "$it" }
                start.elapsedNow() shouldBeGreaterThanOrEqualTo 200.milliseconds
                // One after the other they would take 20 s.
                start.elapsedNow() shouldBeLessThan 5.seconds
            }
        }
    }

    "latency is the same however many pieces are on their way" {
        val count = 300
        val arrived = CompletableDeferred<List<ValueTimeMark>>()
        behindProxy({ connection ->
            arrived.complete(
                List(count) {
                    connection.readLine() shouldBe "$it"
                    TimeSource.Monotonic.markNow()
                },
            )
        }) { proxy, client, _ ->
            proxy.latency = 1.seconds
            client.connect { connection ->
                val sent = List(count) {
                    delay(1.milliseconds)
                    TimeSource.Monotonic.markNow().also { _ -> connection.writeLine("$it") }
                }
                val late = arrived.await().zip(sent) { there, here -> there - here }
                late.min() shouldBeGreaterThanOrEqualTo 1.seconds
                late.max() shouldBeLessThan 1400.milliseconds
            }
        }
    }

    "bandwidth limits each direction" {
        behindProxy { proxy, client, _ ->
            proxy.bandwidth = 100_000
            client.connect { connection ->
                val start = TimeSource.Monotonic.markNow()
                launch { connection.write(ByteBuffer.allocate(50_000)) }
                connection.readExactly(50_000)
                start.elapsedNow() shouldBeGreaterThanOrEqualTo 400.milliseconds
                start.elapsedNow() shouldBeLessThan 5.seconds
            }
        }
    }
})
