package io.hawser.broker.link

import io.hawser.Connection
import io.hawser.MalformedFrame
import io.hawser.ReadTimeout
import io.hawser.UnexpectedEnd
import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.FrameParser
import io.hawser.broker.wire.FrameWriter
import io.hawser.broker.wire.Side
import io.hawser.broker.wire.Violation
import io.hawser.broker.wire.brokerHello
import io.hawser.broker.wire.bytesOf
import io.hawser.broker.wire.clientHello
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.VirtualTime
import io.hawser.testkit.virtualTime
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.supervisorScope

/** A conversation of a client, over a connection whose other end a test has, in virtual time. */
class ConversationSpec : StringSpec({
    extension(LeakCheck)

    suspend fun VirtualTime.talking(
        pauses: Boolean = false,
        outbound: Outbound = Outbound(Side.CLIENT),
        test: suspend VirtualTime.(near: Connection, far: Connection, talk: suspend ((Frame) -> Unit) -> Unit) -> Unit,
    ) {
        val (near, far) = pair()
        val parser = FrameParser(Side.BROKER, near.endpoint) { outbound.lastOpened }
        val conversation = Conversation(near, outbound, parser, 15.seconds, 5.seconds, pauses)
        near.use { far.use { supervisorScope { test(near, far) { hear -> conversation.run(hear) } } } }
    }

    suspend fun Connection.frames(): List<Frame> {
        val parser = FrameParser(Side.CLIENT, endpoint) { 0 }
        return buildList { for (arrival in incoming().toList()) parser.feed(arrival, ::add) }
    }

    "frames go both ways, until both have ended" {
        virtualTime {
            val outbound = Outbound(Side.CLIENT)
            talking(outbound = outbound) { near, far, talk ->
                val heard = mutableListOf<Frame>()
                val talking = async { talk(heard::add) }
                outbound.say(clientHello)
                far.write(ByteBuffer.wrap(bytesOf(brokerHello, Frame.Ping(7))))
                delay(1.seconds)
                outbound.close()
                far.shutdownOutput()
                talking.await()
                heard.single().shouldBeInstanceOf<Frame.BrokerHello>()
                near.close()
                far.frames().map { "$it" } shouldBe listOf(clientHello, Frame.Pong(7)).map { "$it" }
            }
        }
    }

    "a violation is told, and thrown" {
        virtualTime {
            for (breaks in listOf(true, false)) {
                val outbound = Outbound(Side.CLIENT)
                talking(outbound = outbound) { near, far, talk ->
                    outbound.say(clientHello)
                    val talking = async {
                        runCatching { talk { throw Violation(Code.ORDER, MalformedFrame(near.endpoint, "not now")) } }.also { near.close() }
                    }
                    delay(1.seconds)
                    val said = if (breaks) bytesOf(Frame.Pong(1)) else bytesOf(brokerHello)
                    far.write(ByteBuffer.wrap(said))
                    talking.await().exceptionOrNull().shouldBeInstanceOf<MalformedFrame>()
                    val last = far.frames().last().shouldBeInstanceOf<Frame.GoAway>()
                    last.code shouldBe Code.ORDER.number
                    "${last.text}" shouldContain if (breaks) "before HELLO" else "not now"
                }
            }
        }
    }

    "a peer that does not listen is not told for ever" {
        virtualTime {
            val outbound = Outbound(Side.CLIENT)
            talking(outbound = outbound) { near, far, talk ->
                val talking = async {
                    runCatching { talk { throw Violation(Code.ORDER, MalformedFrame(near.endpoint, "not now")) } }.also { near.close() }
                }
                outbound.say(clientHello)
                outbound.open { Frame.Start(it.id, 0, 1, 0, io.hawser.broker.wire.HeaderBlock.EMPTY, ByteBuffer.allocate(1_000_000)) }
                delay(1.seconds)
                val began = elapsed
                far.write(FrameWriter.encode(listOf(brokerHello)))
                talking.await().exceptionOrNull().shouldBeInstanceOf<MalformedFrame>()
                elapsed - began shouldBe 2.seconds
            }
        }
    }

    "an end in the middle of a frame" {
        virtualTime {
            talking { near, far, talk ->
                val talking = async { runCatching { talk {} } }
                far.write(ByteBuffer.wrap(bytesOf(brokerHello).copyOf(20)))
                far.shutdownOutput()
                talking.await().exceptionOrNull().shouldBeInstanceOf<UnexpectedEnd>().endpoint shouldBe near.endpoint
            }
        }
    }

    "what cannot be written ends the conversation, for that reason" {
        virtualTime {
            val outbound = Outbound(Side.CLIENT)
            talking(outbound = outbound) { _, far, talk ->
                val talking = async { runCatching { talk {} } }
                outbound.say(clientHello)
                delay(1.seconds)
                far.abort()
                outbound.say(clientHello)
                talking.await().isFailure shouldBe true
                outbound.open { error("closed") } shouldBe null
            }
        }
    }

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
            talking(pauses = true, outbound) { near, far, talk ->
                val heard = mutableListOf<Frame>()
                val talking = async { runCatching { talk(heard::add) } }
                outbound.say(clientHello)
                repeat(20) {
                    outbound.open {
                        Frame.Start(it.id, Frame.WHOLE, 1, 0, io.hawser.broker.wire.HeaderBlock.EMPTY, ByteBuffer.allocate(60_000))
                    }
                }
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
                far.incoming().let { rest -> launch { rest.collect {} } }
                while (heard.none { it is Frame.Pong }) delay(1.seconds)
                outbound.bytes shouldBe 0
                talking.cancelAndJoin()
            }
        }
    }

    "without a heartbeat silence is no reason" {
        virtualTime {
            val (near, far) = pair()
            near.use {
                far.use {
                    val outbound = Outbound(Side.CLIENT)
                    val parser = FrameParser(Side.BROKER, near.endpoint) { 0 }
                    val talking = async { Conversation(near, outbound, parser, Duration.INFINITE, 5.seconds, pauses = false).run {} }
                    delay(1.hours)
                    near.isOpen shouldBe true
                    talking.cancelAndJoin()
                }
            }
        }
    }
})
