package io.hawser.broker

import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.FrameParser
import io.hawser.broker.wire.FrameWriter
import io.hawser.broker.wire.HeaderBlock
import io.hawser.broker.wire.Side
import io.hawser.broker.wire.Text
import io.hawser.broker.wire.channel
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.util.concurrent.ConcurrentHashMap
import kotlin.coroutines.Continuation
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.startCoroutine
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.plus
import kotlinx.coroutines.withTimeout

/** Whose code runs on an event loop: the library's, and nobody else's. */
class ThreadsSpec : StringSpec({
    extension(LeakCheck)

    "callers without a dispatcher, and handlers of an unconfined scope, do not run on a loop" {
        withTimeout(60.seconds) {
            coroutineScope {
                val server = Memory.server().start(this) { connection ->
                    val parser = FrameParser(Side.CLIENT, connection.endpoint) { 2 }
                    connection.incoming().collect { arrival ->
                        val answers = mutableListOf<Frame>()
                        parser.feed(arrival) { frame ->
                            when (frame) {
                                is Frame.Register -> answers += listOf(Script.hello(), Frame.Registered(1, 0, Text.of("")))
                                is Frame.End -> answers += Frame.Reply(frame.id, Frame.WHOLE, HeaderBlock.EMPTY, bytes("ok"))
                                else -> Unit
                            }
                            if (frame is Frame.Register &&
                                frame.role == Role.PROVIDER
                            ) {
                                answers += Frame.Start(2, 0, 1, 0, HeaderBlock.EMPTY, bytes(""))
                            }
                        }
                        connection.write(FrameWriter.encode(answers))
                        // The body comes later, so that who collects it waits.
                        if (answers.any { it is Frame.Start }) {
                            delay(1.seconds / 100)
                            connection.write(FrameWriter.encode(listOf(Frame.Chunk(2, bytes("body")), Frame.End(2, 4))))
                        }
                    }
                }
                val threads = ConcurrentHashMap.newKeySet<String>()
                val handled = CompletableDeferred<Unit>()
                val unconfined = CoroutineScope(Dispatchers.Unconfined)
                val provider = Provider(Memory.client(server), channel).start(unconfined) { request ->
                    threads += "handler " + Thread.currentThread().name
                    request.body.collect { threads += "collector " + Thread.currentThread().name }
                    handled.complete(Unit)
                }
                val consumer = Consumer(Memory.client(server), channel).start(unconfined)
                val asked = CompletableDeferred<Unit>()
                suspend {
                    consumer.awaitRegistered()
                    threads += "registered " + Thread.currentThread().name
                    repeat(20) {
                        val body = flow { emit(ByteArray(1)).also { threads += "flow " + Thread.currentThread().name } }
                        consumer.request(body).decodeToString() shouldBe "ok"
                        threads += "caller " + Thread.currentThread().name
                    }
                }.startCoroutine(
                    Continuation(EmptyCoroutineContext) { result ->
                        result.fold(asked::complete, asked::completeExceptionally)
                    },
                )
                asked.await()
                handled.await()
                threads.filter { "hawser" in it } shouldBe emptyList()
                threads.map { it.substringBefore(' ') }.toSet() shouldBe setOf("handler", "collector", "registered", "flow", "caller")
                consumer.shutdown()
                provider.close()
                provider.join()
                server.close()
            }
        }
    }
})
