package io.hawser.broker

import io.hawser.Endpoint
import io.hawser.reconnect.Backoff
import io.hawser.testkit.virtualTime
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.util.UUID
import kotlin.time.Duration.Companion.seconds

class RequestObserverSpec : StringSpec({
    "an observer sees a request, its attempts and its end, and what it adds to the headers is sent" {
        val seen = mutableListOf<String>()
        val channel = UUID.randomUUID()
        val options = ConsumerOptions {
            retry = Backoff.constant(1.seconds).upTo(1)
            observer { asked, headers -> Noting(seen, "asking ${asked == channel}", headers) }
        }
        virtualTime {
            val broker = Broker(server()).start(this)
            val client = client(broker.handle)
            val consumer = Consumer(client, channel, options).start(this)
            shouldThrow<NoProvider> { consumer.request(ByteArray(0)) }
            seen shouldBe
                listOf("asking true", "attempt 1", "1 failed: NoProvider", "attempt 2", "2 failed: NoProvider", "ended: NoProvider")
            seen.clear()

            val provider = Provider(client, channel).start(this) { request -> reply("${request.headers}".encodeToByteArray()) }
            provider.awaitRegistered()
            consumer.request(ByteArray(0), headers = mapOf("own" to "1")).decodeToString() shouldBe "{own=1, added=2}"
            seen shouldBe listOf("asking true", "attempt 1", "ended: null")
            seen.clear()

            consumer.ping(5.seconds)
            seen shouldBe emptyList()
            consumer.close()
            provider.close()
            broker.close()
        }
    }

    "what an observer throws fails the request, and nothing of it is left" {
        virtualTime {
            val broker = Broker(server()).start(this)
            val client = client(broker.handle)
            val channel = UUID.randomUUID()
            val provider = Provider(client, channel).start(this) { reply(ByteArray(0)) }
            provider.awaitRegistered()
            val options = ConsumerOptions {
                observer { _, headers ->
                    object : ObservedRequest {
                        override val headers = headers

                        override fun attempt(number: Int, broker: Endpoint) = error("on purpose")

                        override fun ended(cause: Throwable?) = Unit
                    }
                }
            }
            val consumer = Consumer(client, channel, options).start(this)
            shouldThrow<IllegalStateException> { consumer.request(ByteArray(0)) }.message shouldBe "on purpose"
            consumer.inFlight shouldBe 0
            consumer.close()
            provider.close()
            broker.close()
        }
    }
})

private class Noting(private val seen: MutableList<String>, first: String, given: Map<String, String>) : ObservedRequest {
    override val headers = given + ("added" to "2")

    init {
        seen += first
    }

    override fun attempt(number: Int, broker: Endpoint) {
        seen += "attempt $number"
    }

    override fun attemptFailed(number: Int, cause: BrokerFailure) {
        seen += "$number failed: ${cause.javaClass.simpleName}"
    }

    override fun ended(cause: Throwable?) {
        seen += "ended: ${cause?.javaClass?.simpleName}"
    }
}
