package io.hawser.broker.link

import io.hawser.ReadTimeout
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.FrameWriter
import io.hawser.broker.wire.Side
import io.hawser.broker.wire.Text
import io.hawser.broker.wire.brokerHello
import io.hawser.broker.wire.clientHello
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.virtualTime
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.ByteBuffer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch

/** Who is found dead, and who is not, in virtual time. */
class HeartbeatSpec : StringSpec({
    extension(LeakCheck)

    "a silent peer is asked, and then lost" {
        virtualTime {
            talking { near, far, talk ->
                val began = elapsed
                val talking = async { runCatching { talk {} } }
                val failure = shouldThrow<ReadTimeout> { talking.await().getOrThrow() }
                elapsed - began shouldBe 20.seconds
                failure.message shouldContain "20000 ms"
                near.isOpen shouldBe false
                far.incoming().toList().sumOf { it.size } shouldBe Frame.HEADER + Long.SIZE_BYTES
            }
        }
    }

    "an idle peer that answers pings stays" {
        virtualTime {
            talking { near, far, talk ->
                val talking = async { talk {} }
                var pings = 0
                far.write(FrameWriter.encode(listOf(brokerHello)))
                val peer = launch {
                    far.incoming().collect {
                        pings++
                        far.write(FrameWriter.encode(listOf(Frame.Pong(0))))
                    }
                }
                delay(1.hours)
                near.isOpen shouldBe true
                pings shouldBe 239
                peer.cancelAndJoin()
                talking.cancelAndJoin()
            }
        }
    }

    "one that is paused by a peer which takes nothing does not read on, and one that takes something lives" {
        virtualTime {
            val outbound = Outbound(Side.CLIENT, maxBytes = 100_000)
            talking(pauses = true, outbound = outbound) { near, far, talk ->
                val heard = mutableListOf<Frame>()
                val talking = async { runCatching { talk(heard::add) } }
                outbound.say(clientHello)
                repeat(1_200) { outbound.say(Frame.GoAway(0, Text.of("x".repeat(Text.LIMIT)))) }
                far.write(FrameWriter.encode(listOf(brokerHello)))
                delay(1.seconds)
                far.write(FrameWriter.encode(listOf(Frame.Pong(1))))
                val taken = ByteBuffer.allocate(64 * 1024)
                repeat(12) {
                    delay(10.seconds)
                    far.read(taken.clear())
                    near.isOpen shouldBe true
                }
                heard.filterIsInstance<Frame.Pong>().shouldBeEmpty()
                val rest = launch { far.incoming().collect {} }
                while (heard.none { it is Frame.Pong }) delay(1.seconds)
                outbound.bytes shouldBe 0
                rest.cancelAndJoin()
                talking.cancelAndJoin()
            }
        }
    }

    "without a heartbeat silence is no reason" {
        virtualTime {
            talking(pingEvery = Duration.INFINITE) { near, _, talk ->
                val talking = async { talk {} }
                delay(1.hours)
                near.isOpen shouldBe true
                talking.cancelAndJoin()
            }
        }
    }
})
