package io.hawser.broker.link

import io.hawser.Connection
import io.hawser.MalformedFrame
import io.hawser.SocketFailure
import io.hawser.UnexpectedEnd
import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.FrameParser
import io.hawser.broker.wire.FrameWriter
import io.hawser.broker.wire.HeaderBlock
import io.hawser.broker.wire.Side
import io.hawser.broker.wire.Violation
import io.hawser.broker.wire.brokerHello
import io.hawser.broker.wire.bytesOf
import io.hawser.broker.wire.clientHello
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.virtualTime
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.async
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.toList

/** A conversation of a client, over a connection whose other end a test has, in virtual time. */
class ConversationSpec : StringSpec({
    extension(LeakCheck)

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
                outbound.open(1_000_000) { Frame.Start(it.id, 0, 1, 0, HeaderBlock.EMPTY, ByteBuffer.allocate(1_000_000)) }
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
                talking.await().exceptionOrNull().shouldBeInstanceOf<SocketFailure>()
            }
        }
    }
})
