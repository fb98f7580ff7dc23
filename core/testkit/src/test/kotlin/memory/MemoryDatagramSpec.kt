package io.hawser.testkit.memory

import io.hawser.DatagramClientOptions
import io.hawser.DatagramServerOptions
import io.hawser.Hawser
import io.hawser.PeerUnreachable
import io.hawser.ReplyImpossible
import io.hawser.engine.EventLoopGroup
import io.hawser.event.DatagramEvent
import io.hawser.testkit.MemoryDatagram
import io.hawser.testkit.contract.ContractDatagrams
import io.hawser.testkit.contract.DatagramContract
import io.hawser.testkit.contract.DatagramServerContract
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.yield

private val memory = ContractDatagrams(
    server = { options -> MemoryDatagram.server(options) },
    client = { server, options -> MemoryDatagram.client(server.endpoint, options) },
)
private val memoryOnLoop get() = memory.inContext(EventLoopGroup.shared.next())

class MemoryDatagramContractSpec : DatagramContract(memory)

class MemoryDatagramOnLoopSpec : DatagramContract(memoryOnLoop)

class MemoryDatagramServerSpec : DatagramServerContract(memory)

class MemoryDatagramServerOnLoopSpec : DatagramServerContract(memoryOnLoop)

class MemoryDatagramSpec : StringSpec({
    "who has one peer hears nobody else, and a full receiver has its sender wait" {
        memory.serving({ }) { _, client ->
            client.open { receiver ->
                // Who hears it alone fills its queue.
                val sender = MemoryDatagram.client("${receiver.remote}", isNamed = true)
                sender.open { stranger ->
                    stranger.send(ByteArray(1), receiver.local)
                    receiver.tryReceive() shouldBe null
                }
            }
        }
        memory.serving({ datagram -> repeat(MemoryDatagrams.QUEUE + 2) { reply(datagram.bytes) } }) { server, client ->
            client.open { socket ->
                socket.send("x".encodeToByteArray())
                while (server.totals.bytesWritten < MemoryDatagrams.QUEUE) yield()
                server.totals.handled shouldBe 0
                repeat(MemoryDatagrams.QUEUE + 2) { socket.receive().text shouldBe "x" }
                while (server.totals.handled < 1) yield()
            }
        }
    }

    "who has no address cannot be answered, which the handler can know" {
        val failed = CompletableDeferred<Throwable>()
        val options = DatagramServerOptions { onEvent { if (it is DatagramEvent.Failed) failed.complete(it.cause) } }
        memory.serving({
            it.canReply shouldBe false
            reply(it.bytes)
        }, options) { server, _ ->
            MemoryDatagram.client(server.address.toString(), isNamed = false).open { it.send(ByteArray(1)) }
            failed.await().shouldBeInstanceOf<ReplyImpossible>().message shouldBe
                "a datagram to ${server.endpoint} came from a socket that has no address and cannot be answered"
        }
    }

    "nobody of that name is a failure of the send" {
        MemoryDatagram.client("nobody").open { socket ->
            shouldThrow<PeerUnreachable> { socket.send(ByteArray(1)) }.message shouldBe "nobody receives at memory:nobody"
        }
    }

    "endpoints in memory carry both streams and datagrams" {
        Hawser.datagramClient("memory:name", DatagramClientOptions()).endpoint.toString() shouldBe "memory:name"
        shouldThrow<IllegalArgumentException> { Hawser.datagramServer("tcp://127.0.0.1:1") }.message shouldBe
            "tcp carries streams and no datagrams: \"tcp://127.0.0.1:1\""
    }
})
