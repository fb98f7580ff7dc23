package io.hawser.broker

import io.hawser.StreamClient
import io.hawser.reconnect.Backoff
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.io.File
import java.nio.file.Path
import java.util.UUID
import kotlin.reflect.KClass
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope

/** What the module's page shows does what it says. */
class BrokerReadmeSpec : StringSpec({
    extension(LeakCheck)

    val page = File("README.md").readText()

    "every failure stands in the table" {
        val inTable = Regex("""(?m)^\| `([A-Z]\w+)`""").findAll(page).map { it.groupValues[1] }.toSet()
        inTable shouldBe failures.map { it.simpleName }.toSet()
    }

    "who asks and who answers are as the page has them" {
        coroutineScope {
            val upper = UUID.randomUUID()
            val (broker, client) = whoAnswers(this, upper)
            val consumer = whoAsksAgain(this, client, upper, "hello".encodeToByteArray())
            consumer.request(ByteArray(0)).size shouldBe 0
            consumer.close()
            broker.close()
            coroutineContext.cancelChildren()
        }
    }
})

private val failures: List<KClass<out BrokerFailure>> = listOf(
    RequestFailed::class,
    NoProvider::class,
    ProviderLost::class,
    RequestTimeout::class,
    Overloaded::class,
    BrokerLost::class,
    BrokerLeaving::class,
    NotAdmitted::class,
    BodyTooLarge::class,
    HeadersTooLarge::class,
    VersionMismatch::class,
)

private suspend fun whoAnswers(scope: CoroutineScope, upper: UUID): Pair<Broker, StreamClient> {
    val broker = Broker(Tcp.server("127.0.0.1", port = 0)).start(scope)
    val client = Tcp.client("127.0.0.1", broker.port)
    val provider = Provider(client, upper).start(scope) { request ->
        request.body.collect { chunk -> send(chunk.decodeToString().uppercase().encodeToByteArray()) }
    }
    provider.awaitRegistered()
    return broker to client
}

@Suppress("unused", "UnusedVariable")
private suspend fun whoAsks(scope: CoroutineScope, client: StreamClient, upper: UUID) {
    Consumer(client, upper).start(scope).use { consumer ->
        val answer = consumer.request("hello".encodeToByteArray(), timeout = 5.seconds)
        consumer.stream(Path.of("book.txt"), timeout = 1.minutes).collect { print(it.decodeToString()) }
    }
}

private suspend fun whoAsksAgain(scope: CoroutineScope, client: StreamClient, upper: UUID, question: ByteArray): Consumer {
    val options = ConsumerOptions {
        retry = Backoff.exponential(50.milliseconds, ceiling = 1.seconds).upTo(3)
        attemptTimeout = 2.seconds
        waitForProvider = true
    }
    val consumer = Consumer(client, upper, options).start(scope)
    val answer = consumer.request(Body.of(question), timeout = 10.seconds, idempotent = true)
    answer.decodeToString() shouldBe "HELLO"
    return consumer
}
