@file:OptIn(TransportApi::class)

package io.hawser.tls

import io.hawser.transport.TransportApi
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import java.util.zip.CRC32
import kotlin.random.Random
import kotlinx.coroutines.runBlocking

/** The two ends of a session over two lanes, driven by hand. */
internal class Ends(server: ServerTls, client: ClientTls, slice: () -> Int) {
    val there = Lane(slice)
    val back = Lane(slice)
    val near: TlsPump
    val far: TlsPump

    init {
        val clientSide = client.side(ServerName.of("localhost"))
        val nearWire = Wire(input = back, output = there)
        near = TlsPump(runBlocking { clientSide.engine(nearWire) }, nearWire, Transit(clientSide.buffers), clientSide.buffers, false)
        val farWire = Wire(input = there, output = back)
        val serverSide = server.side
        far = TlsPump(runBlocking { serverSide.engine(farWire) }, farWire, Transit(serverSide.buffers), serverSide.buffers, false)
    }

    fun shakeHands() {
        var turns = 0
        do {
            val done = near.shakeHandsOn()
            val farDone = far.shakeHandsOn()
            check(++turns < 1_000_000) { "the handshake does not end" }
        } while (!done || !farDone)
    }
}

/** Goes on as far as it goes, and returns whether it is through. */
internal fun TlsPump.shakeHandsOn(): Boolean {
    while (true) {
        when (shakeHands()) {
            Wait.Tasks -> runTasks()
            Wait.Nothing -> return true
            Wait.Input, Wait.Room -> return false
        }
    }
}

/** What one end sends to the other, in pieces of any size, and what arrives. */
private class Direction(
    private val from: TlsPump,
    private val to: TlsPump,
    private val total: Long,
    private val random: Random,
    private val piece: Int,
) {
    private val sent = CRC32()
    private val received = CRC32()
    private val content = random.nextBytes(256 * 1024)
    private var left = total
    private var source = ByteBuffer.allocate(0)
    var count = 0L
        private set

    /** Whether anything moved. */
    fun turn(): Boolean {
        var moved = false
        if (!source.hasRemaining() && left > 0) {
            val size = minOf(left, random.nextInt(1, piece + 1).toLong()).toInt()
            val start = random.nextInt(content.size - size + 1)
            sent.update(content, start, size)
            val bytes = ByteBuffer.wrap(content, start, size)
            source = if (random.nextBoolean()) bytes else ByteBuffer.allocateDirect(size).put(bytes).flip()
            left -= size
        }
        if (source.hasRemaining()) moved = from.write(arrayOf(source), 0) > 0
        if (!from.flush()) moved = true
        val target = when {
            random.nextBoolean() -> ByteBuffer.allocate(random.nextInt(1, 2 * piece))
            else -> ByteBuffer.allocateDirect(random.nextInt(1, 40_000))
        }
        val read = to.read(target)
        check(read >= 0) { "an end" }
        received.update(target.flip())
        count += read
        return moved || read > 0
    }

    val isDone: Boolean get() = count == total

    fun check() {
        count shouldBe total
        received.value shouldBe sent.value
    }
}

class TlsPumpSpec : StringSpec({
    for (provider in Provider.entries) {
        for (version in TlsVersion.entries) {
            val server = ServerTls {
                identity(certificates.server)
                versions(version)
                provider.set(this)
            }
            val client = ClientTls {
                trust(certificates.authority)
                provider.set(this)
            }

            fun exchange(total: Long, piece: Int, seed: Int, slice: (Random) -> Int) {
                val random = Random(seed)
                val ends = Ends(server, client) { slice(random) }
                ends.shakeHands()
                val directions = listOf(
                    Direction(ends.near, ends.far, total, random, piece),
                    Direction(ends.far, ends.near, total, random, piece),
                )
                var idle = 0
                while (!directions.all { it.isDone }) {
                    val moved = directions.count { it.turn() }
                    idle = if (moved == 0) idle + 1 else 0
                    check(idle < 100_000) { "nothing moves any more" }
                }
                directions.forEach { it.check() }
            }

            "$provider, ${version.protocol}: 256 KiB each way arrive unharmed one byte at a time" {
                exchange(total = 256L * 1024, piece = 20_000, seed = 1) { 1 }
            }

            "$provider, ${version.protocol}: 64 MiB each way arrive unharmed in slices of any size" {
                exchange(total = 64L * 1024 * 1024, piece = 200_000, seed = 2) { random -> random.nextInt(0, 50_000) }
            }

            "$provider, ${version.protocol}: slices around the size of a record's header change nothing" {
                for (size in 2..7) exchange(total = 20_000, piece = 50, seed = size) { size }
            }
        }
    }
})
