package io.hawser.tls

import io.hawser.tls.TlsHandshakeFailed.Reason
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf

private const val CLOSE_NOTIFY = 0
private const val HANDSHAKE_FAILURE = 40
private const val USER_CANCELED = 90

/** What nobody sends in the middle of a handshake, and whether it may go on after it. */
private enum class Injected(val bytes: ByteArray, val isHarmless: Boolean = false) {
    CloseNotify(alert(1, CLOSE_NOTIFY)),
    FatalAlert(alert(2, HANDSHAKE_FAILURE)),
    Warning(alert(1, USER_CANCELED), isHarmless = true),
    Garbage("GET / HTTP/1.1\r\n\r\n".toByteArray()),
    EmptyHandshake(record(Record.HANDSHAKE), isHarmless = true),
    EmptyData(record(Record.APPLICATION_DATA), isHarmless = true),
    EmptyAlert(record(Record.ALERT), isHarmless = true),
    EmptyChangeCipherSpec(record(Record.CHANGE_CIPHER_SPEC), isHarmless = true),
    ChangeCipherSpec(record(Record.CHANGE_CIPHER_SPEC, 1), isHarmless = true),
    Data(record(Record.APPLICATION_DATA, 1, 2, 3)),
    UnknownHandshake(record(Record.HANDSHAKE, 99, 0, 0, 0)),
}

/** Records that somebody puts into a handshake, or takes apart. */
class InjectedRecordsSpec : StringSpec({
    for (kind in Kind.all) {
        for (injected in Injected.entries) {
            "$kind: $injected at any step of the handshake ends it cleanly${if (injected.isHarmless) ", or changes nothing" else ""}" {
                for (toServer in listOf(true, false)) {
                    var step = 0
                    while (true) {
                        val line = RecordLine { index, bytes -> if (index == step) listOf(injected.bytes, bytes) else listOf(bytes) }
                        val meeting = if (toServer) Meeting(kind, toServer = line) else Meeting(kind, toClient = line)
                        withClue("before record $step to the ${if (toServer) "server" else "client"}") {
                            meeting.shakeHands()
                            val victim = if (toServer) meeting.far else meeting.near
                            val isEstablished = victim.outcome == Outcome.Established
                            if (step < line.count) {
                                val hasAlert = kind.hasAlertsForAll || (step == 0 && toServer)
                                if (isEstablished) meeting.exchangeAfter(injected) else victim.shouldTell(injected, hasAlert)
                            }
                            meeting.finish()
                        }
                        if (step++ >= line.count) break
                    }
                    step shouldBeGreaterThan 2
                }
            }
        }

        "$kind: a ClientHello in two records is one, wherever it is cut" {
            var length = 0
            for (at in generateSequence(1) { it + 1 }.takeWhile { length == 0 || it < length }) {
                val line = RecordLine { index, bytes ->
                    if (index == 0) length = bytes.size - Record.HEADER
                    if (index == 0 && at < length) split(bytes, at) else listOf(bytes)
                }
                withClue("after $at bytes of $length") { Meeting(kind, toServer = line).shouldSucceed() }
            }
        }

        "$kind: a ClientHello in records of one byte is one" {
            val line = RecordLine { index, bytes ->
                if (index > 0) listOf(bytes) else bytes.drop(Record.HEADER).map { record(Record.HANDSHAKE, it) }
            }
            Meeting(kind, toServer = line).shouldSucceed()
        }

        "$kind: a ServerHello in records of one byte is one" {
            val line = RecordLine { index, bytes ->
                if (index > 0) listOf(bytes) else bytes.drop(Record.HEADER).map { record(Record.HANDSHAKE, it) }
            }
            Meeting(kind, toClient = line).shouldSucceed()
        }
    }

    for (provider in Provider.entries) {
        "a ClientHello of 26 kB from the JDK reaches a server of $provider, or is refused cleanly" {
            val names = List(125) { "protocol-$it".padEnd(215, '-') }
            val kind = Kind(provider, TlsVersion.TLS13, alpn = names, client = Provider.JDK)
            val line = Line()
            val meeting = Meeting(kind, toServer = line)
            meeting.shakeHands()
            line.carried shouldBeGreaterThan 26_000
            val outcome = meeting.far.outcome
            if (outcome is Outcome.Failed) {
                // BoringSSL takes messages of up to 16 KiB.
                provider shouldBe Provider.CONSCRYPT
                outcome.failure.shouldBeInstanceOf<TlsHandshakeFailed>()
                outcome.told shouldBeGreaterThan 0
            } else {
                meeting.exchange() shouldBe ("pong" to "ping")
            }
            meeting.finish()
        }
    }
})

private fun Meeting.shouldSucceed() {
    shakeHands()
    ends.forEach { it.outcome shouldBe Outcome.Established }
    exchange() shouldBe ("pong" to "ping")
    finish()
}

/** Who has not noticed during the handshake has it before data, or afterwards. */
private fun Meeting.exchangeAfter(injected: Injected) {
    val read = exchange()
    carry()
    ends.forEach { it.read() }
    val failures = ends.mapNotNull { (it.outcome as? Outcome.Failed)?.failure }
    if (injected.isHarmless && failures.isEmpty()) read shouldBe ("pong" to "ping")
    if (!injected.isHarmless) failures.size shouldBeGreaterThan 0
}

private fun End.shouldTell(injected: Injected, hasAlert: Boolean) {
    val (failure, told) = outcome.shouldBeInstanceOf<Outcome.Failed>()
    failure.shouldBeInstanceOf<TlsHandshakeFailed>()
    withClue(failure) {
        when (injected) {
            Injected.Garbage -> {
                failure.reason shouldBe Reason.NotTls
                if (hasAlert) told shouldBeGreaterThan 0
            }

            // An alert is not answered with another one (RFC 8446, section 6.2).
            Injected.FatalAlert -> if (failure.reason == Reason.RefusedByPeer) told shouldBe 0

            Injected.CloseNotify, Injected.Warning -> Unit

            else -> if (hasAlert && failure.reason != Reason.Ended && failure.reason != Reason.RefusedByPeer) told shouldBeGreaterThan 0
        }
    }
}
