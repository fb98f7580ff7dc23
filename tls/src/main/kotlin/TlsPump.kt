package io.hawser.tls

import io.hawser.ConnectionLost
import io.hawser.tls.TlsHandshakeFailed.Reason
import io.hawser.transport.Buffers
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.io.IOException
import java.nio.ByteBuffer
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLEngineResult
import javax.net.ssl.SSLEngineResult.HandshakeStatus
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NEED_TASK
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NEED_UNWRAP
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NEED_UNWRAP_AGAIN
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NEED_WRAP
import javax.net.ssl.SSLEngineResult.Status

/** What a pump waits for before it can go on. */
internal enum class Wait { Nothing, Input, Room, Tasks }

/**
 * Moves bytes between [engine] and the stream [inner], as far as that goes without waiting. For one thread at a time.
 *
 * ```
 *          read             unwrap
 *   inner -----> incoming --------> plain, or straight into the reader's buffer
 *   inner <----- outgoing <-------- the writer's buffers
 *          write             wrap
 * ```
 *
 * Every turn consumes, produces, changes the engine's state or ends in a wait; one that does none of it fails, so that nothing spins.
 * The buffers are lent, and given back when they are empty.
 */
@OptIn(TransportApi::class)
internal class TlsPump(
    private val engine: SSLEngine,
    private val inner: RawStream,
    /** What has come of the peer's first record. */
    private val incoming: Transit,
    buffers: Buffers,
    private val acceptTruncation: Boolean,
) {
    private val plain = Transit(buffers)
    private val outgoing = Transit(buffers)

    /** What one record may need in each direction; the engine may come to expect larger ones. */
    private var recordSize = engine.session.packetBufferSize
    private var plainSize = engine.session.applicationBufferSize

    private var hasBegun = false

    /** From then on handshakes are refused: TLS 1.2 would begin anew, TLS 1.3 does not show them. */
    private var isEstablished = false

    /** Nothing has come, so alerts are not encrypted. */
    private var isUnencrypted = true

    /** The peer has ended its direction. */
    private var ended = false
    private var outputEnded = false

    /** Why nothing more can be read, once all before it has been, nor written. */
    private var failure: TlsFailure? = null

    /** Records in a row that brought nobody anything. */
    private var barren = 0

    /** Answers to key updates in a row that the engine keeps because the peer takes nothing. */
    private var unanswered = 0

    /** Whether [read] has something to say before anything more arrives: not a record alone, which may have nothing in it. */
    fun isReadable(): Boolean {
        while (plain.isEmpty && !ended && failure == null && Record.isDecided(incoming)) unwrapOrFail(NO_TARGET)
        return !plain.isEmpty || ended || failure != null
    }

    /** What the handshake has agreed on; [serverName] is whom we asked for. */
    fun session(serverName: String?): TlsSession = TlsSession.of(engine, serverName)

    /** Goes on with the handshake until it is over, which is [Wait.Nothing], or has to wait. */
    fun shakeHands(): Wait {
        if (!hasBegun) engineFailing { engine.beginHandshake() }
        hasBegun = true
        while (true) {
            when (engine.handshakeStatus) {
                NEED_TASK -> return Wait.Tasks

                NEED_WRAP -> engineFailing { wrap(NOTHING, 0) }

                NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                    if (!flush()) return Wait.Room
                    if (Record.isDecided(incoming)) {
                        shakeHandsOn()
                    } else if (fill() == 0) {
                        return Wait.Input
                    } else if (ended || failure != null) {
                        fail(TlsHandshakeFailed(inner.endpoint, Reason.Ended, "the peer closed the connection"))
                    }
                }

                else -> {
                    if (engine.isInboundDone || engine.isOutboundDone || engine.session.protocol == NO_PROTOCOL) {
                        fail(TlsHandshakeFailed(inner.endpoint, Reason.Ended, "the peer ended the session"))
                    }
                    if (!flush()) return Wait.Room
                    established()
                    return Wait.Nothing
                }
            }
        }
    }

    /** Does what took the handshake so far that [shakeHands] left it: milliseconds of arithmetic. */
    fun runTasks(): Unit = engineFailing {
        val first = checkNotNull(engine.delegatedTask) { "the engine has tasks and does not give them" }
        generateSequence(first) { engine.delegatedTask }.forEach(Runnable::run)
    }

    /** As [RawStream.read]. */
    fun read(target: ByteBuffer): Int {
        var count = plain.moveTo(target)
        while (target.hasRemaining() && !ended && failure == null) {
            if (Record.isDecided(incoming)) {
                count += unwrapOrFail(target)
            } else if (count > 0 || fill() == 0) {
                break
            }
        }
        if (plain.size <= LITTLE) plain.stash()
        if (count > 0) return count
        if (ended) return -1
        failure?.let { throw it }
        flushAnswers()
        return 0
    }

    /** As [RawStream.write], up to one buffer full of records at a time. */
    fun write(sources: Array<ByteBuffer>, from: Int): Long {
        failure?.let { if (it is TlsBroken) throw it }
        if (!flush()) return 0
        var count = 0L
        while (outgoing.hasRoomFor(recordSize) && sources.haveRemaining(from)) {
            // The peer's end has ended our direction as well, as over TLS 1.2; what it sent before is still there to be read.
            if (engine.isOutboundDone) throw ConnectionLost(inner.endpoint, IOException("the peer has ended TLS in both directions"))
            count += engineFailing { wrap(sources, from) }
        }
        unanswered = 0
        flush()
        return count
    }

    /** As [RawStream.flush]. */
    fun flush(): Boolean {
        while (!outgoing.isEmpty) {
            if (outgoing.take(inner::write) == 0) return false
        }
        return inner.flush()
    }

    /** Ends our direction, which is for [flush] to take to the peer. */
    fun endOutput() {
        if (outputEnded) return
        outputEnded = true
        endEngine()
    }

    /** Ends the session because of [why], which it throws. */
    fun fail(why: TlsFailure): Nothing {
        if (isUnencrypted) outgoing.append(ALERT.size) { it.put(ALERT) } else endOutput()
        leave(why)
        throw why
    }

    /** The reader is about to wait. */
    fun rest(): Unit = incoming.stash()

    /** Gives back what it has: nothing more is read or written. */
    fun drop() {
        if (engine.isNative) {
            endEngine()
            engine.free()
        }
        incoming.drop()
        plain.drop()
        outgoing.drop()
    }

    /** Has the engine go on with the record of the handshake that has come. */
    private fun shakeHandsOn() {
        refusalOf(incoming)?.let { (reason, detail) ->
            val why = TlsHandshakeFailed(inner.endpoint, reason, detail)
            // An alert is not answered with another one (RFC 8446, section 6.2).
            if (reason != Reason.RefusedByPeer) fail(why)
            leave(why)
            throw why
        }
        val brings =
            Record.lengthOf(incoming) > 0 && Record.typeOf(incoming).let { it == Record.HANDSHAKE || it == Record.APPLICATION_DATA }
        barren = if (brings) 0 else barren + 1
        if (barren > MOST_BARREN) fail(TlsHandshakeFailed(inner.endpoint, Reason.Other, "over $MOST_BARREN records in a row were empty"))
        engineFailing { unwrap(NO_TARGET, straight = false) }
        isUnencrypted = false
    }

    /** Why the handshake does not go on with [bytes], which the engine need not see. */
    private fun refusalOf(bytes: Transit): Pair<Reason, String>? = when {
        !Record.canBegin(bytes) -> Reason.NotTls to "the peer does not speak TLS, it sent ${Record.excerptOf(bytes)}"

        Record.isTooLong(bytes) -> Reason.NotTls to "the peer sent a record of ${Record.lengthOf(bytes)} bytes"

        // OpenSSL sends this one in the clear also where TLS 1.3 encrypts, which no engine understands.
        Record.isFatalAlert(bytes) -> Reason.RefusedByPeer to "the peer sent the alert ${Alert.nameOf(Record.alertIn(bytes))}"

        else -> null
    }

    private fun established() {
        isEstablished = true
        barren = 0
        recordSize = engine.session.packetBufferSize
        plainSize = engine.session.applicationBufferSize
    }

    /** Reads from [inner] and returns whether anything came of it: 0 if not. The end of the stream is noted. */
    private fun fill(): Int {
        val count = incoming.append(recordSize) { inner.read(it) }
        if (count < 0) {
            // In the middle of a record it is no end of anything.
            if (acceptTruncation && isEstablished && incoming.isEmpty) ended = true else leave(TlsTruncated(inner.endpoint))
        }
        return count
    }

    /** Returns how many bytes went to [target]; what fails is for who comes to its place. */
    private fun unwrapOrFail(target: ByteBuffer): Int {
        var count = 0
        try {
            refuseIfNotAllowed()
            val straight = target.remaining() >= plainSize
            val produced = engineFailing { unwrap(target, straight) }
            count = if (straight) produced else plain.moveTo(target)
            if (ended || produced > 0) {
                barren = 0
            } else if (++barren > MOST_BARREN) {
                refuse("over $MOST_BARREN records in a row had nothing in them")
            }
            if (engine.handshakeStatus == NEED_WRAP) answer(mayWait = produced > 0)
        } catch (e: TlsFailure) {
            if (failure == null) failure = e
        }
        return count
    }

    private fun refuseIfNotAllowed() {
        if (!Record.canBegin(incoming)) refuse("what came is no record: ${Record.excerptOf(incoming)}")
        if (Record.isTooLong(incoming)) refuse("a record of ${Record.lengthOf(incoming)} bytes came")
        if (Record.typeOf(incoming) == Record.HANDSHAKE) refuse("the peer wants to renegotiate")
    }

    /** Returns how many bytes there were in the record, which are [straight] in [target], or in [plain]. */
    private fun unwrap(target: ByteBuffer, straight: Boolean): Int {
        while (true) {
            val before = engine.handshakeStatus
            val result = incoming.take { source ->
                if (straight) engine.unwrap(source, target) else plain.append(plainSize) { engine.unwrap(source, it) }
            }
            when (result.status) {
                Status.OK -> if (result.changedNothing(before)) stuck(result)

                // Some engines say so as well when only our direction has ended.
                Status.CLOSED -> if (engine.isInboundDone) {
                    end()
                } else if (result.changedNothing(before)) {
                    stuck(result)
                }

                Status.BUFFER_OVERFLOW -> {
                    if (engine.session.applicationBufferSize <= plainSize) stuck(result)
                    plainSize = engine.session.applicationBufferSize
                    continue
                }

                Status.BUFFER_UNDERFLOW, null -> stuck(result)
            }
            return result.bytesProduced()
        }
    }

    private fun wrap(sources: Array<ByteBuffer>, from: Int): Int {
        while (true) {
            val before = engine.handshakeStatus
            val result = outgoing.append(recordSize) { engine.wrap(sources, from, sources.size - from, it) }
            when (result.status) {
                Status.OK -> if (result.changedNothing(before)) stuck(result)

                Status.CLOSED -> if (result.bytesProduced() == 0) {
                    throw failure ?: TlsBroken(inner.endpoint, "the peer has ended the session")
                }

                Status.BUFFER_OVERFLOW -> {
                    if (engine.session.packetBufferSize <= recordSize) stuck(result)
                    recordSize = engine.session.packetBufferSize
                    continue
                }

                Status.BUFFER_UNDERFLOW, null -> stuck(result)
            }
            return result.bytesConsumed()
        }
    }

    private fun endEngine() {
        engine.closeOutbound()
        wrapRest()
    }

    /** Wraps what the engine has to say by itself: an alert, the end. */
    private fun wrapRest() {
        try {
            do {
                val result = outgoing.append(engine.session.packetBufferSize) { engine.wrap(NOTHING, it) }
            } while (result.bytesProduced() > 0 && result.status == Status.OK)
        } catch (_: Exception) {
            // It has nothing to say that could be understood.
        }
    }

    /**
     * Wraps what the engine owes the peer for what it has just sent. Where the peer takes nothing it stays in the engine until the next
     * write or record, which is the more suspicious the less there was in this one.
     */
    private fun answer(mayWait: Boolean) {
        while (engine.handshakeStatus == NEED_WRAP && !outputEnded) {
            if (!outgoing.hasRoomFor(recordSize)) {
                if (!mayWait && ++unanswered > MOST_BARREN) refuse("over $MOST_BARREN key updates came, and their answers were not taken")
                return
            }
            val before = outgoing.size
            engineFailing { wrap(NOTHING, 0) }
            if (outgoing.size == before) return
        }
        flushAnswers()
    }

    /** Whoever writes next finds out if it cannot be done. */
    private fun flushAnswers() {
        try {
            flush()
        } catch (_: IOException) {
            // The reader is here for what has come.
        }
    }

    /** Ends the connection for something that the engine would put up with. */
    private fun refuse(why: String): Nothing = TlsBroken(inner.endpoint, why).let {
        leave(it)
        throw it
    }

    /**
     * From now on there is nothing but [why]. Our direction does not get an end: whoever has interfered with theirs could else have cut off
     * ours, and the peer would not know.
     */
    private fun leave(why: TlsFailure) {
        failure = why
        outputEnded = true
    }

    private fun end() {
        // A failure closes both directions in the engine.
        failure?.let { throw it }
        ended = true
    }

    private fun <T> engineFailing(call: () -> T): T {
        try {
            return call()
        } catch (e: TlsFailure) {
            throw e
        } catch (e: Exception) {
            val why = if (isEstablished) TlsBroken(inner.endpoint, e.alertOrText(), e) else e.asHandshakeFailure(inner.endpoint)
            leave(why)
            // The alert that says so is ready in the engine, unless the failure was in no part of it that makes alerts.
            val before = outgoing.size
            wrapRest()
            if (outgoing.size == before && why is TlsHandshakeFailed && why.reason != Reason.RefusedByPeer) {
                if (isUnencrypted) outgoing.append(ALERT.size) { it.put(ALERT) } else endEngine()
            }
            throw why
        }
    }

    private fun stuck(result: SSLEngineResult): Nothing = error("the engine makes no progress: ${result.toString().replace('\n', ' ')}")

    private companion object {
        const val MOST_BARREN = 32
        const val LITTLE = 1024

        /** Of an engine that has not shaken hands. */
        const val NO_PROTOCOL = "NONE"
        val NOTHING = arrayOf<ByteBuffer>(ByteBuffer.allocate(0))
        val NO_TARGET: ByteBuffer = ByteBuffer.allocate(0)

        /** A fatal unexpected_message. */
        val ALERT = byteArrayOf(Record.ALERT.toByte(), 3, 3, 0, 2, 2, 10)

        fun SSLEngineResult.changedNothing(before: HandshakeStatus): Boolean =
            bytesConsumed() == 0 && bytesProduced() == 0 && handshakeStatus == before

        fun Array<ByteBuffer>.haveRemaining(from: Int): Boolean {
            for (i in from until size) if (this[i].hasRemaining()) return true
            return false
        }
    }
}
