package io.hawser.samples.programs

import io.hawser.Hawser
import io.hawser.broker.Broker
import io.hawser.broker.ConsumerOptions
import io.hawser.broker.ConsumerPool
import io.hawser.broker.Provider
import io.hawser.broker.ProviderOptions
import java.util.UUID
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

private val SQUARES = UUID.fromString("0f5f2d1e-6f1c-4f0b-9a58-7a7b3c1e2d40")
private const val PROVIDERS = 5
private const val QUESTIONS = 20
private const val UNLUCKY = 13

/**
 * Five providers answer what a pool of consumers asks, and one of them dies over a question. Because that may be asked twice, the broker
 * gives it to another one, and whoever asks notices nothing.
 */
public suspend fun main(args: Array<String>): Unit = coroutineScope {
    val broker = Broker(Hawser.streamServer(args.firstOrNull() ?: "tcp://127.0.0.1:0")).start(this)
    val client = Hawser.streamClient(broker.endpoint)
    val stuck = CompletableDeferred<Int>()
    val providers = List(PROVIDERS) { number ->
        Provider(client, SQUARES, ProviderOptions { prefetch = 0 }).start(this, concurrency = 1) { request ->
            val question = request.bytes().decodeToString().toInt()
            if (question == UNLUCKY && stuck.complete(number)) awaitCancellation()
            reply("$question squared is ${question * question}, says provider $number".encodeToByteArray())
        }
    }
    providers.forEach { it.awaitRegistered(10.seconds) }
    launch {
        val number = stuck.await()
        println("provider $number dies over $UNLUCKY")
        providers[number].close()
    }
    ConsumerPool(client, SQUARES, size = 2, ConsumerOptions { idempotent = true }).start(this).use { pool ->
        List(QUESTIONS) {
            async { pool.request("$it".encodeToByteArray(), timeout = 30.seconds).decodeToString() }
        }.awaitAll().forEach(::println)
    }
    providers.forEach { it.shutdown(5.seconds) }
    broker.shutdown(5.seconds)
}
