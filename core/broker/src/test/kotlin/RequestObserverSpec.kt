@file:OptIn(ExperimentalHawserApi::class)

package io.hawser.broker

import io.hawser.Endpoint
import io.hawser.ExperimentalHawserApi
import io.hawser.reconnect.Backoff
import io.hawser.testkit.virtualTime
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.util.UUID
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.yield

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

    "what an observer throws at the end is no reason of anything" {
        virtualTime {
            val broker = Broker(server()).start(this)
            val client = client(broker.handle)
            val channel = UUID.randomUUID()
            val options = ConsumerOptions {
                observer { _, given ->
                    object : ObservedRequest {
                        override val headers = given

                        override fun attemptFailed(number: Int, cause: BrokerFailure) = error("at the attempt")

                        override fun ended(cause: Throwable?) = error("at the end")
                    }
                }
            }
            val consumer = Consumer(client, channel, options).start(this)
            shouldThrow<NoProvider> { consumer.request(ByteArray(0)) }.suppressed.map { it.message } shouldBe
                listOf("at the attempt", "at the end")
            val provider = Provider(client, channel).start(this) { awaitCancellation() }
            provider.awaitRegistered()
            val asking = async { consumer.request(ByteArray(0)) }
            while (consumer.inFlight == 0) yield()
            asking.cancel()
            shouldThrow<CancellationException> { asking.await() }
            provider.close()
            provider.join()
            val other = Provider(client, channel).start(this) { reply(ByteArray(3)) }
            other.awaitRegistered()
            consumer.request(ByteArray(0)).size shouldBe 3
            consumer.close()
            other.close()
            broker.close()
        }
    }

    "headers that there is no room or no form for go without what an observer has added" {
        virtualTime {
            val broker = Broker(server(), BrokerOptions { maxHeaders = 32 }).start(this)
            val client = client(broker.handle)
            val channel = UUID.randomUUID()
            val provider = Provider(client, channel).start(this) { request -> reply("${request.headers}".encodeToByteArray()) }
            provider.awaitRegistered()
            for (value in listOf("x".repeat(40), "x".repeat(70_000))) {
                var isLeftOut = false
                val options = ConsumerOptions {
                    observer { _, given ->
                        object : ObservedRequest {
                            override val headers = given + ("old" to "2") + ("added" to value)

                            override fun headersLeftOut() {
                                isLeftOut = true
                            }

                            override fun ended(cause: Throwable?) = Unit
                        }
                    }
                }
                val consumer = Consumer(client, channel, options).start(this)
                consumer.request(ByteArray(0), headers = mapOf("own" to "1", "old" to "1")).decodeToString() shouldBe "{own=1}"
                isLeftOut shouldBe true
                shouldThrow<HeadersTooLarge> { consumer.request(ByteArray(0), headers = mapOf("own" to "y".repeat(40))) }
                consumer.close()
            }
            provider.close()
            broker.close()
        }
    }

    "one observer is enough" {
        val first = RequestObserver { _, _ -> error("never") }
        shouldThrow<IllegalArgumentException> { ConsumerOptions { observer(first).observer(first) } }.message shouldBe
            "observer has been set already: $first"
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
