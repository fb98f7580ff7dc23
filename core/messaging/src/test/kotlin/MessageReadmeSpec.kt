package io.hawser.messaging

import io.hawser.Connection
import io.hawser.framing.framed
import io.hawser.unix.Unix
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import java.nio.file.Path
import java.time.Clock
import java.time.ZoneId
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.launch

/** What the module's page shows does what it says. */
class MessageReadmeSpec : StringSpec({
    "messages are as the page has them" {
        val message = Message.of("progress", mapOf("step" to 1, "of" to listOf("build", "link")))
        val failed = Message.of("progress", mapOf("error" to "disk full"), MessageType.ERROR, Clock.system(ZoneId.of("Europe/Paris")))
        message.data["of"] shouldBe listOf("build", "link")
        failed.type.word shouldBe "error"
    }

    "a hub and its client are as the page has them" {
        val path = tempdir().toPath().resolve("progress.sock")
        coroutineScope {
            val hub = aHub(this, path)
            hub.broadcast(mapOf("step" to 2))
            hub.broadcast(mapOf("step" to 3))
            itsClient(this, path)
            hub.close()
        }
    }

    "payloads are as the page has them" {
        val steps = PayloadCodec.of<Step>({ mapOf("number" to it.number) }) { Step(Math.toIntExact(it["number"] as Long)) }
        val message = Message.of("progress", Step(3), steps)
        check(message.payload(steps) == Step(3))
        val builds = PayloadCodec.of(Build.serializer())
        Message.of("builds", Build("core", 5), builds).data["name"] shouldBe "core"
    }
})

private data class Step(val number: Int)

@Suppress("unused")
private suspend fun byName(scope: CoroutineScope) {
    val hubs = NamedHubs(NamedHubOptions { ports = 9000..9100 })
    val hub = hubs.createServer(SocketKind.Tcp, "progress").start(scope)
    val client = hubs.createClient("tcp", "progress").start(scope)
    client.close()
    hub.close()
}

@Suppress("unused")
private suspend fun overAConnection(connection: Connection, message: Message) {
    val messages = connection.framed(MessageCodec(maxFrame = 64 * 1024))
    messages.send(message)
    messages.incoming.collect { println("${it.eventName}: ${it.data["step"]}") }
}

private suspend fun aHub(scope: CoroutineScope, path: Path): MessageHub {
    val hub = MessageHub(Unix.server(path), event = "progress", HubOptions { replay = 10 }).start(scope)
    hub.broadcast(mapOf("step" to 1)) // Delivered(n), Queued, or Overflowed
    scope.launch { hub.received.collect { println("${it.client.address}: ${it.data}") } }
    return hub
}

private suspend fun itsClient(scope: CoroutineScope, path: Path) {
    HubClient(Unix.client(path), event = "progress").start(scope).use { client ->
        client.send(mapOf("hello" to "hub"))
        client.messages.take(3).collect { println(it.data["step"]) }
    }
}
