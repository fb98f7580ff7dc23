package io.hawser.broker

import io.hawser.HandshakeTimeout
import io.hawser.MalformedFrame
import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.HeaderBlock
import io.hawser.broker.wire.Text
import io.hawser.broker.wire.channel
import io.hawser.reconnect.LinkState
import io.hawser.reconnect.LinkStopped
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.VirtualTime
import io.hawser.testkit.virtualTime
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.async
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.supervisorScope

/** How clients come to their places at a broker, and when they give up, in virtual time. */
class RegistrationSpec : StringSpec({
    extension(LeakCheck)

    fun consuming(test: suspend VirtualTime.(Consumer, Script) -> Unit) = virtualTime {
        Script(this).use { script ->
            Consumer(script.client(), channel).start(this).use { supervisorScope { test(it, script) } }
        }
    }

    "who is not admitted is told why, and does not come again" {
        consuming { consumer, script ->
            val waiting = async { runCatching { consumer.awaitRegistered() } }
            val asking = async { runCatching { consumer.request(ByteArray(1)) } }
            script.connected().register(code = Code.NOT_ADMITTED, text = "not you")
            val refused = waiting.await().exceptionOrNull().shouldBeInstanceOf<NotAdmitted>()
            refused.reason shouldBe "not you"
            refused.role shouldBe Role.CONSUMER
            asking.await().exceptionOrNull().shouldBeInstanceOf<LinkStopped>().cause.shouldBeInstanceOf<NotAdmitted>()
            consumer.join()
            consumer.cause.shouldBeInstanceOf<NotAdmitted>()
            (shouldThrow<NotAdmitted> { consumer.awaitRegistered() } === refused) shouldBe false
        }
    }

    "a provider that is not admitted stops too" {
        virtualTime {
            Script(this).use { script ->
                val provider = Provider(script.client(), channel).start(this)
                script.connected().register(code = Code.NOT_ADMITTED, text = "nor you")
                shouldThrow<NotAdmitted> { provider.awaitRegistered() }.role shouldBe Role.PROVIDER
                provider.receive().shouldBeNull()
                provider.join()
            }
        }
    }

    "who speaks another version stops" {
        consuming { consumer, script ->
            script.connected().goAway(Code.VERSION, "speaks 7 to 9")
            shouldThrow<VersionMismatch> { consumer.awaitRegistered() }.detail shouldBe "speaks 7 to 9"
        }
        consuming { consumer, script ->
            script.connected().register(Script.hello(version = 7))
            shouldThrow<VersionMismatch> { consumer.awaitRegistered() }.detail shouldContain "7"
        }
    }

    "a broker that is full is asked again later" {
        consuming { consumer, script ->
            script.connected().register(code = Code.TOO_MANY_CHANNELS)
            consumer.state.filterIsInstance<LinkState.Waiting>().first().cause.shouldBeInstanceOf<Overloaded>()
            script.accept()
            consumer.awaitRegistered()
        }
    }

    "a broker that says nothing is left" {
        consuming { consumer, script ->
            val silent = script.connected()
            val began = elapsed
            consumer.state.filterIsInstance<LinkState.Waiting>().first().cause.shouldBeInstanceOf<HandshakeTimeout>()
            elapsed - began shouldBe 15.seconds
            silent.expect<Frame.ClientHello>()
            script.accept()
            consumer.awaitRegistered()
        }
    }

    "what may not come before REGISTERED, and an answer to another registration" {
        for (frame in listOf(
            Frame.Start(2, 0, 1, 0, HeaderBlock.EMPTY, bytes("")),
            Frame.Registered(2, 0, Text.of("")),
        )) {
            consuming { consumer, script ->
                val broker = script.connected()
                broker.say(Script.hello(), frame)
                consumer.state.filterIsInstance<LinkState.Waiting>().first().cause.shouldBeInstanceOf<MalformedFrame>()
                broker.expect<Frame.ClientHello>()
                broker.expect<Frame.Register>()
                broker.expect<Frame.GoAway>()
            }
        }
    }

    "who is closed is registered no more, and does not start again" {
        consuming { consumer, script ->
            script.accept()
            consumer.isRegistered.first { it }
            val asked = async { runCatching { consumer.request(ByteArray(1)) } }
            while (consumer.inFlight == 0) delay(1.seconds / 1000)
            consumer.close()
            consumer.join()
            asked.await().exceptionOrNull().shouldBeInstanceOf<BrokerLost>()
            consumer.isRegistered.value shouldBe false
            shouldThrow<LinkStopped> { consumer.awaitRegistered() }
        }
        virtualTime {
            Script(this).use { script ->
                val provider = Provider(script.client(), channel)
                provider.close()
                shouldThrow<IllegalStateException> { provider.start(this) }
                provider.receive().shouldBeNull()
            }
        }
    }

    "a shutdown before the registration ends at once" {
        consuming { consumer, script ->
            val broker = script.connected()
            broker.expect<Frame.ClientHello>()
            consumer.shutdown(60.seconds)
            broker.expect<Frame.Register>()
            broker.next().shouldBeNull()
        }
    }

    "tokens are bounded, and are not shown" {
        shouldThrow<IllegalArgumentException> { ConsumerOptions { token = ByteArray(4097) } }.message shouldBe
            "a token of 4097 bytes, over 4096"
        "${ConsumerOptions {
            token = "secret".toByteArray()
        }}${ProviderOptions.builder().token("secret").build()}".contains("secret") shouldBe
            false
    }
})
