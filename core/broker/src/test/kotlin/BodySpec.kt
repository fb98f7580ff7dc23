package io.hawser.broker

import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import java.io.ByteArrayInputStream
import java.io.RandomAccessFile
import kotlinx.coroutines.flow.fold
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.flow.toList

/** What is sent, as it is read. */
class BodySpec : StringSpec({
    val megabyte = 1024 * 1024

    "a file is read a little ahead of who sends it, and no more" {
        val file = tempdir().resolve("long").apply { writeBytes(ByteArray(4 * megabyte)) }
        val overwritten = RandomAccessFile(file, "rw").use { writable ->
            Body.of(file.toPath()).pieces.onEach {
                writable.seek(megabyte.toLong())
                writable.write(ByteArray(3 * megabyte) { 1 })
            }.fold(0) { count, piece -> count + piece.count { it == 1.toByte() } }
        }
        overwritten shouldBe 3 * megabyte
    }

    "a stream is read to its end, once, and not closed" {
        var isClosed = false
        val stream = object : ByteArrayInputStream(ByteArray(megabyte)) {
            override fun close() {
                isClosed = true
            }
        }
        val body = Body.of(stream)
        body.isRepeatable shouldBe false
        body.pieces.toList().sumOf { it.size } shouldBe megabyte
        isClosed shouldBe false
    }
})
