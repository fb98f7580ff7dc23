@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch

class FaultProxyChanceSpec : StringSpec({
    extension(LeakCheck)
    defaultTestConfig = DefaultTestConfig(timeout = 30.seconds)

    "slices end at the same offsets whatever the pieces that the bytes come in" {
        fun offsets(piece: Int): List<Int> {
            val offsets = mutableListOf<Int>()
            behindProxyInVirtualTime(behind = { server ->
                client(server).through { inner ->
                    object : RawStream by inner {
                        override fun write(source: ByteBuffer) = inner.write(source).also { offsets += (offsets.lastOrNull() ?: 0) + it }
                    }
                }
            }) { proxy, client ->
                proxy.sliceTo = 70
                client.connect { connection ->
                    repeat(1000 / piece) {
                        connection.write(ByteBuffer.allocate(piece))
                        connection.readExactly(piece)
                    }
                }
            }
            return offsets
        }

        val whole = offsets(piece = 1000)
        whole.last() shouldBe 1000
        offsets(piece = 100) shouldBe (whole + (100..1000 step 100)).distinct().sorted()
    }

    "the bit that is flipped is the same however the bytes leave" {
        fun echoed(sliceTo: Int): List<Byte> {
            var echoed = emptyList<Byte>()
            behindProxyInVirtualTime { proxy, client ->
                proxy.sliceTo = sliceTo
                client.connect { connection ->
                    connection.writeLine("there")
                    connection.readLine() shouldBe "there"
                    proxy.corruptAfter(30)
                    connection.write(ByteBuffer.allocate(100))
                    echoed = connection.readExactly(100).toList()
                }
            }
            return echoed
        }

        val whole = echoed(sliceTo = Int.MAX_VALUE)
        whole[30] shouldNotBe 0.toByte()
        for (sliceTo in 1..10) echoed(sliceTo) shouldBe whole
    }

    "no corruption is lost among bytes that are on their way" {
        val flipped = MutableStateFlow(0)
        behindProxy({ connection ->
            connection.incoming().collect { bytes -> flipped.update { it + bytes.count { byte -> byte != 0.toByte() } } }
        }) { proxy, client, _ ->
            proxy.sliceTo = 8
            client.connect { connection ->
                val zeros = launch { while (true) connection.write(ByteBuffer.allocate(1000)) }
                proxy.connectionCount.first { it == 1 }
                repeat(2_000) { count ->
                    proxy.corruptAfter()
                    flipped.first { it > count }
                }
                zeros.cancel()
            }
        }
    }
})
