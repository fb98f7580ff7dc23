package io.hawser.testkit

import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.ranges.shouldBeIn
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield

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
                start.elapsedNow() shouldBeLessThan 15.seconds
            }
        }
    }

    "latency is the same however many pieces are on their way" {
        val count = 300
        val arrived = mutableListOf<Duration>()
        behindProxyInVirtualTime({ connection ->
            repeat(count) {
                connection.readLine() shouldBe "$it"
                arrived += elapsed
            }
        }) { proxy, client ->
            proxy.latency = 1.seconds
            client.connect { connection ->
                repeat(count) {
                    delay(1.milliseconds)
                    connection.writeLine("$it")
                }
                connection.readLine() shouldBe null
            }
        }
        arrived shouldBe List(count) { 1001.milliseconds + it.milliseconds }
    }

    "small pieces take no more memory than large ones" {
        behindProxyInVirtualTime { proxy, client ->
            proxy.latency = 1.hours
            client.connect { connection ->
                val writer = launch {
                    while (true) {
                        connection.write(ByteBuffer.allocate(1))
                        yield()
                    }
                }
                delay(1.minutes)
                connection.bytesWritten shouldBeLessThan 100_000L
                writer.cancel()
            }
        }
    }

    "bandwidth limits each direction" {
        behindProxyInVirtualTime { proxy, client ->
            proxy.bandwidth = 100_000
            client.connect { connection ->
                val start = elapsed
                launch { connection.write(ByteBuffer.allocate(50_000)) }
                connection.readExactly(50_000)
                elapsed - start shouldBeIn 400.milliseconds..510.milliseconds
            }
        }
    }
})
