package io.hawser.benchmarks.server

import io.hawser.StreamClient
import io.hawser.broker.Body
import io.hawser.broker.Broker
import io.hawser.broker.Consumer
import io.hawser.broker.Provider
import io.hawser.broker.Request
import io.hawser.broker.Requester
import io.hawser.broker.Responder
import io.hawser.tcp.Tcp
import java.util.UUID
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking

/** Hawser's broker, a provider and, of whatever kind [ask] makes, a consumer. No option is set. */
internal class HawserParties(
    private val contestant: JvmContestant,
    private val start: (
        StreamClient,
        UUID,
        CoroutineScope,
    ) -> Requester = { client, channel, scope -> Consumer(client, channel).start(scope) },
) : Parties(contestant) {
    override fun connect(): Int = contestant.startAnother(BROKER, "-")

    override suspend fun answer(service: String, port: Int) {
        val provider = Provider(client(port), channel).start(CoroutineScope(Dispatchers.Default)) { answer(service, it) }
        provider.awaitRegistered()
    }

    override suspend fun ask(service: String, port: Int, use: suspend (Asker) -> Unit) {
        val requester = start(client(port), channel, CoroutineScope(Dispatchers.Default))
        requester.awaitRegistered()
        use { question -> ask(service, requester, question) }
    }

    private suspend fun Responder.answer(service: String, request: Request) {
        when (service) {
            REQUEST_REPLY -> reply(request.bytes())

            UPLOAD -> {
                val digest = Digest()
                request.body.collect(digest::take)
                reply(digest.bytes())
            }

            BOTH_WAYS -> request.body.collect(::send)
        }
    }

    private suspend fun ask(service: String, requester: Requester, question: Question) {
        when (service) {
            REQUEST_REPLY -> {
                val asked = question.numbered()
                check(requester.request(asked).contentEquals(asked)) { "another reply than that" }
            }

            UPLOAD -> question.digest.requireSame(requester.request(Body.of(question.pieces), LIMIT))

            BOTH_WAYS -> {
                val digest = Digest()
                requester.stream(Body.of(question.pieces), LIMIT).collect(digest::take)
                question.digest.requireSame(digest.bytes())
            }
        }
    }

    /** [BOTH_WAYS] with everybody in this one process. */
    fun serveTogether(): Unit = runBlocking {
        val broker = Broker(Tcp.server(port = 0)).start(this)
        answer(BOTH_WAYS, broker.port)
        obey(BOTH_WAYS, broker.port)
    }

    companion object {
        private val channel = UUID(1, 1)
        private val LIMIT = 2.minutes

        private fun client(port: Int) = Tcp.client(JvmContestant.LOOPBACK, port)

        /** The service of the process between them. */
        const val BROKER: String = "broker"

        /** The service of the process of everybody. */
        const val TOGETHER: String = "$BOTH_WAYS together"

        suspend fun serveBroker(): Unit = Broker(Tcp.server(port = 0)).serve { JvmContestant.announce("${it.endpoint}") }
    }
}
