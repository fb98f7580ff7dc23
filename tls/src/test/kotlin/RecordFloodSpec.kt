package io.hawser.tls

import com.sun.management.ThreadMXBean
import io.hawser.tls.TlsHandshakeFailed.Reason
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.lang.management.ManagementFactory

private const val MOST = 32
private const val FLOOD = 1000
private const val FULL = 16 * 1024
private const val SERVER_HELLO: Byte = 2
private const val CLIENT_HELLO: Byte = 1
private val ccs = record(Record.CHANGE_CIPHER_SPEC, 1)
private val warning = record(Record.ALERT, 1, 90)

/** What one buffer, an engine's first steps and a failure with its stack trace take, and no 16 MiB. */
private const val LITTLE = 4_000_000L

private fun header(length: Int) = byteArrayOf(Record.HANDSHAKE.toByte(), 3, 3, (length shr 8).toByte(), length.toByte())

private val memory = ManagementFactory.getThreadMXBean() as ThreadMXBean

private fun allocatedBy(block: () -> Unit): Long {
    val before = memory.currentThreadAllocatedBytes
    block()
    return memory.currentThreadAllocatedBytes - before
}

/** Lengths that nobody means, and records that bring nobody anything. */
class RecordFloodSpec : StringSpec({
    for (kind in Kind.all) {
        for (length in listOf(Record.MAX_LENGTH + 1, 65_535)) {
            "$kind: a record of $length bytes is refused at its header, and nothing is allocated for it" {
                for (isServer in listOf(true, false)) {
                    val meeting = Meeting(kind)
                    meeting.near.turn()
                    val victim = if (isServer) meeting.far else meeting.near
                    victim.received.put(header(length))
                    allocatedBy { victim.turn() } shouldBeLessThan LITTLE
                    val (failure, told) = victim.outcome.shouldBeInstanceOf<Outcome.Failed>()
                    failure.shouldBeInstanceOf<TlsHandshakeFailed>().reason shouldBe Reason.NotTls
                    told shouldBeGreaterThan 0
                    meeting.finish()
                }
            }

            "$kind: a record of $length bytes among data breaks the session at its header" {
                val meeting = Meeting(kind)
                meeting.shakeHands()
                for (victim in meeting.ends) {
                    victim.received.put(header(length).also { it[0] = Record.APPLICATION_DATA.toByte() })
                    allocatedBy { victim.read() } shouldBeLessThan LITTLE
                    val (failure, told) = victim.outcome.shouldBeInstanceOf<Outcome.Failed>()
                    failure.shouldBeInstanceOf<TlsBroken>()
                    // An end would hide from the peer that its session was cut.
                    told shouldBe 0
                }
                meeting.finish()
            }
        }

        "$kind: a handshake message of 16 MiB is refused before it takes any memory" {
            for (isServer in listOf(true, false)) {
                val meeting = Meeting(kind)
                meeting.near.turn()
                val victim = if (isServer) meeting.far else meeting.near
                val start = byteArrayOf(if (isServer) CLIENT_HELLO else SERVER_HELLO, -1, -1, -1, 3, 3)
                var sent = 0
                val allocated = allocatedBy {
                    while (victim.outcome == Outcome.Waiting && sent < FLOOD) {
                        victim.received.put(record(Record.HANDSHAKE, *(if (sent == 0) start.copyOf(FULL) else ByteArray(FULL))))
                        victim.turn()
                        sent++
                    }
                }
                withClue("the ${if (isServer) "server" else "client"} after $sent records: ${victim.outcome}") {
                    sent shouldBeLessThan MOST
                    allocated shouldBeLessThan LITTLE
                    val (failure, told) = victim.outcome.shouldBeInstanceOf<Outcome.Failed>()
                    failure.shouldBeInstanceOf<TlsHandshakeFailed>()
                    told shouldBeGreaterThan 0
                }
                meeting.finish()
            }
        }

        for ((name, useless) in listOf("ChangeCipherSpecs" to ccs, "warnings" to warning)) {
            "$kind: $name without end, at any step of the handshake, end it" {
                for (toServer in listOf(true, false)) {
                    var step = 0
                    while (true) {
                        val line = RecordLine { index, bytes ->
                            if (index == step) List(FLOOD) { useless } + listOf(bytes) else listOf(bytes)
                        }
                        val meeting = if (toServer) Meeting(kind, toServer = line) else Meeting(kind, toClient = line)
                        meeting.shakeHands()
                        val victim = if (toServer) meeting.far else meeting.near
                        withClue("before record $step to the ${if (toServer) "server" else "client"}: ${victim.outcome}") {
                            if (step < line.count) {
                                // A server's last record is a ticket, which a client reads with the data.
                                if (victim.outcome == Outcome.Established) victim.read()
                                victim.outcome.shouldBeInstanceOf<Outcome.Failed>()
                            }
                        }
                        meeting.finish()
                        if (step++ >= line.count) break
                    }
                }
            }

            "$kind: $name without end among data break the session" {
                val meeting = Meeting(kind)
                meeting.shakeHands()
                meeting.exchange() shouldBe ("pong" to "ping")
                for (victim in meeting.ends) {
                    repeat(FLOOD) { victim.received.put(useless) }
                    victim.read()
                    val (failure, told) = victim.outcome.shouldBeInstanceOf<Outcome.Failed>()
                    failure.shouldBeInstanceOf<TlsBroken>()
                    told shouldBeGreaterThan 0
                }
                meeting.finish()
            }
        }
    }

    for (kind in Kind.all) {
        "$kind: $MOST empty records in a row are put up with, as often as there is a byte between" {
            for (toServer in listOf(true, false)) {
                val meeting = Meeting(kind)
                meeting.shakeHands()
                meeting.exchange() shouldBe ("pong" to "ping")
                val (evil, victim) = if (toServer) meeting.near to meeting.far else meeting.far to meeting.near
                repeat(3) {
                    victim.getsEmpty(evil, MOST)
                    victim.read() shouldBe ""
                    victim.engine.emptiesRecords = false
                    evil.write("x")
                    victim.received.put(evil.takeSent())
                    victim.read() shouldBe "x"
                }
                victim.outcome shouldBe Outcome.Established
                meeting.finish()
            }
        }

        "$kind: one more breaks the session" {
            for (toServer in listOf(true, false)) {
                val meeting = Meeting(kind)
                meeting.shakeHands()
                meeting.exchange() shouldBe ("pong" to "ping")
                val (evil, victim) = if (toServer) meeting.near to meeting.far else meeting.far to meeting.near
                victim.getsEmpty(evil, MOST + 1)
                victim.read()
                val (failure, told) = victim.outcome.shouldBeInstanceOf<Outcome.Failed>()
                failure.shouldBeInstanceOf<TlsBroken>()
                told shouldBe 0
                meeting.finish()
            }
        }
    }
})

/** Has [count] records of [evil]'s be there for this one, as if they were empty. */
private fun End.getsEmpty(evil: End, count: Int) {
    engine.emptiesRecords = true
    repeat(count) {
        evil.write("x")
        received.put(evil.takeSent())
    }
}
