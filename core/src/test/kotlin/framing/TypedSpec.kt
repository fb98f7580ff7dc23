package io.hawser.framing

import io.hawser.MalformedFrame
import io.hawser.UnexpectedEnd
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import java.util.concurrent.CompletableFuture
import java.util.function.Function

class TypedSpec : StringSpec({
    val numbers = Lines().map<Int>({ it.toInt() }, { "$it" })

    "a typed codec is the codec under it, in other words" {
        numbers.encoded(1, -2) shouldBe "1\n-2\n".toByteArray()
        numbers.transcriptOfAnySlices("1\n-2\n3".toByteArray()) shouldBe listOf("\"1\"", "\"-2\"", "1 bytes of a line")
        "$numbers" shouldBe "typed Lines(LF, up to 65536 bytes)"
        numbers.map<Long>({ it.toLong() }, { it.toInt() }).transcript("7\n".toByteArray()) shouldBe listOf("\"7\"", "end")
        LengthPrefix(1).map<String>({ it.decodeToString() }, { it.encodeToByteArray() }).encoded("ab").hex() shouldBe "026162"
    }

    "a frame that cannot be decoded is malformed, and the next one is taken" {
        numbers.transcriptOfAnySlices("1\nx\n2\n".toByteArray()) shouldBe listOf(
            "\"1\"",
            "MalformedFrame: tcp://peer.example:7 sent a malformed frame: For input string: \"x\"",
            "\"2\"",
            "end",
        )
        shouldThrow<MalformedFrame> { numbers.decode("x\n".toByteArray()) }.cause!!.javaClass shouldBe NumberFormatException::class.java
        val silent = Lines().map<String>({ throw UnsupportedOperationException() }, { it })
        shouldThrow<MalformedFrame> { silent.decode("x\n".toByteArray()) }.message shouldBe
            "tcp://peer.example:7 sent a malformed frame: UnsupportedOperationException"
    }

    "a decoder that returns null makes the frame malformed" {
        @Suppress("UNCHECKED_CAST")
        val nothing = Function<String, String?> { null } as Function<String, String>
        Lines().map(nothing, { it }).transcript("x\ny\n".toByteArray()).first() shouldBe
            "MalformedFrame: tcp://peer.example:7 sent a malformed frame: decoded to null"
    }

    "failures of sockets and errors are thrown as they are, and the frame is gone" {
        for (failure in listOf(UnexpectedEnd(peer, 1, "a thing"), StackOverflowError())) {
            val codec = Lines().map<String>({ throw failure }, { it })
            val bytes = ByteBuffer.wrap("x\ny\n".toByteArray())
            runCatching { codec.decode(bytes, 0, peer) }.exceptionOrNull() shouldBe failure
            bytes.remaining() shouldBe 2
        }
    }

    "a cancellation of something else makes the frame malformed: the receiver was not cancelled" {
        val codec = Lines().map<String>({ CompletableFuture<String>().apply { cancel(true) }.join() }, { it })
        shouldThrow<MalformedFrame> { codec.decode("x\n".toByteArray()) }
    }
})
