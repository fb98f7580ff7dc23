package io.hawser.benchmarks.server

import io.hawser.benchmarks.Tools
import io.nats.client.Nats as Client
import java.nio.file.Path
import kotlinx.coroutines.future.await

/** `nats-server` without JetStream, and jnats, which sends the messages of each order as they come. */
internal object Nats : Broker("nats", setOf(FAN_OUT, REQUEST_REPLY, UPLOAD)) {
    private val parties = object : Parties(this@Nats) {
        override fun connect(): Int = start()

        override suspend fun answer(service: String, port: Int) {
            val connection = connect(port)
            val dispatcher = connection.createDispatcher { message ->
                connection.publish(message.replyTo, if (service == UPLOAD) digest(message.data) else message.data)
            }
            dispatcher.subscribe(service)
            connection.flush(null)
        }

        override suspend fun ask(service: String, port: Int, use: suspend (Asker) -> Unit) {
            val connection = connect(port)
            use { question ->
                if (service == UPLOAD) {
                    question.digest.requireSame(connection.request(service, question.whole).await().data)
                } else {
                    val asked = question.numbered()
                    check(connection.request(service, asked).await().data.contentEquals(asked)) { "another reply than that" }
                }
            }
        }
    }

    /** Of `nats-server: v2.9.10` what is behind the `v`. */
    override fun version(tools: Tools): String =
        "NATS ${tools.run("nats-server", "--version").trim().substringAfterLast('v')}, jnats ${versionOf("jnats")}"

    override fun program(port: Int): List<String> = listOf("nats-server", "--addr", LOOPBACK, "--port", "$port")

    override fun serve(service: String, file: Path): Unit =
        if (service == FAN_OUT) super.serve(service, file) else parties.serve(service, file)

    override fun publish(orders: Orders, port: Int): Unit = connect(port).use { connection ->
        orders.batches.flatten().forEach { connection.publish(FAN_OUT, it) }
    }

    private fun connect(port: Int) = Client.connect("nats://$LOOPBACK:$port")

    private fun digest(bytes: ByteArray) = Digest().apply { take(bytes) }.bytes()
}
