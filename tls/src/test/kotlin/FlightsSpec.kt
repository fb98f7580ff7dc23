package io.hawser.tls

import io.hawser.tls.TlsHandshakeFailed.Reason
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBePositive
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlin.random.Random

/** How many bytes each end sends in a handshake, the client's first. */
private fun lengths(kind: Kind): Pair<Int, Int> = Meeting(kind).run {
    shakeHands()
    ends.forEach { it.outcome shouldBe Outcome.Established }
    finish()
    toServer.carried to toClient.carried
}

/** Every k-th offset of a flight, beginning anywhere. */
private fun Random.offsets(length: Int, step: Int): IntProgression = nextInt(step) until length step step

/** Handshakes whose flights are cut or altered on their way. */
class FlightsSpec : StringSpec({
    val seed = Random.nextLong()
    val random = Random(seed)

    for (kind in Kind.all) {
        "$kind: a handshake whose client ends anywhere in it fails on the server, and so what was lent comes back" {
            for (length in 0 until lengths(kind).first) {
                withClue("after $length bytes") {
                    val meeting = Meeting(kind, toServer = CutLine(length))
                    meeting.shakeHands()
                    meeting.far.shouldBeTruncated()
                    meeting.finish()
                }
            }
        }

        "$kind: a handshake whose server ends anywhere in it fails on the client, and so what was lent comes back" {
            for (length in 0 until lengths(kind).second) {
                withClue("after $length bytes") {
                    val meeting = Meeting(kind, toClient = CutLine(length))
                    meeting.shakeHands()
                    meeting.near.shouldBeTruncated()
                    meeting.finish()
                }
            }
        }

        "$kind: a handshake in which any byte is altered fails with an alert, or succeeds with nothing altered" {
            val (there, back) = lengths(kind)
            for (offset in random.offsets(there, STEP)) {
                val line = AlteredLine(offset, 1 shl random.nextInt(8))
                withClue("$line to the server, seed $seed") { Meeting(kind, toServer = line).shouldSucceedOrFail() }
            }
            for (offset in random.offsets(back, STEP)) {
                val line = AlteredLine(offset, 1 shl random.nextInt(8))
                withClue("$line to the client, seed $seed") { Meeting(kind, toClient = line).shouldSucceedOrFail() }
            }
        }

        "$kind: a record in which any byte is altered breaks the session with an alert, and what came before it is read" {
            for (toServer in listOf(true, false)) {
                val length = recordLength(kind, toServer)
                for (offset in 0 until length) {
                    withClue("byte $offset of $length, to the ${if (toServer) "server" else "client"}") {
                        val meeting = Meeting(kind)
                        meeting.shakeHands()
                        meeting.exchange() shouldBe ("pong" to "ping")
                        val (sender, receiver) = if (toServer) meeting.near to meeting.far else meeting.far to meeting.near
                        sender.write("before")
                        receiver.received.put(sender.takeSent())
                        sender.write("altered")
                        val altered = sender.takeSent()
                        altered[offset] = (altered[offset].toInt() xor (1 shl random.nextInt(8))).toByte()
                        receiver.received.put(altered)
                        // A record that has become longer takes this for a part of itself.
                        repeat(2) {
                            sender.write("x".repeat(16 * 1024))
                            receiver.received.put(sender.takeSent())
                        }
                        receiver.received.ended = true
                        val read = receiver.read().orEmpty()
                        // Nobody looks at the version of TLS 1.3's records (RFC 8446, section 5.1).
                        if (offset == MINOR_VERSION && read.startsWith("beforealtered")) {
                            meeting.finish()
                            return@withClue
                        }
                        read shouldBe "before"
                        val failed = receiver.outcome.shouldBeInstanceOf<Outcome.Failed>()
                        // Of the length alone more may be missing than ever comes.
                        if (failed.failure !is TlsTruncated) {
                            failed.failure.shouldBeInstanceOf<TlsBroken>()
                            // What we refuse ourselves is told by no end, which would hide the cut.
                            if (failed.failure.cause == null) failed.told shouldBe 0 else failed.told.shouldBePositive()
                        } else {
                            offset shouldBe LENGTH
                        }
                        meeting.finish()
                    }
                }
            }
        }
    }
})

private const val STEP = 3

private const val MINOR_VERSION = 2

/** Where the higher byte of the length is in a record. */
private const val LENGTH = 3

private fun recordLength(kind: Kind, fromClient: Boolean): Int {
    val meeting = Meeting(kind)
    meeting.shakeHands()
    // The first one may come with session tickets.
    meeting.exchange()
    val sender = if (fromClient) meeting.near else meeting.far
    sender.write("altered")
    return sender.takeSent().size.also { meeting.finish() }
}

private fun End.shouldBeTruncated() {
    if (outcome == Outcome.Established) {
        // What is missing is a session ticket, or nothing: signatures differ in length.
        received.ended = true
        read() shouldBe ""
    }
    val failure = outcome.shouldBeInstanceOf<Outcome.Failed>().failure
    if (failure !is TlsTruncated) failure.shouldBeInstanceOf<TlsHandshakeFailed>().reason shouldBe Reason.Ended
}

private fun Meeting.shouldSucceedOrFail() {
    shakeHands()
    if (ends.all { it.outcome == Outcome.Established }) exchange() else ends.forEach { it.read() }
    carry()
    ends.forEach { it.read() }
    for (end in ends) {
        val (failure, told) = end.outcome as? Outcome.Failed ?: continue
        // Whoever finds it says so; the other hears it, or waits in vain.
        withClue(failure) { if (kind.hasAlertsForAll && !failure.isByPeer && !failure.isRefusal) told.shouldBePositive() }
    }
    finish()
}

/** What we refuse ourselves in a session is told by no end, which would hide the cut. */
private val TlsFailure.isRefusal: Boolean get() = this is TlsBroken && cause == null

private val TlsFailure.isByPeer: Boolean
    get() = when (this) {
        is TlsHandshakeFailed -> reason == Reason.RefusedByPeer || reason == Reason.Ended
        is TlsBroken -> "the peer" in message.orEmpty()
        is TlsTruncated -> true
    }
