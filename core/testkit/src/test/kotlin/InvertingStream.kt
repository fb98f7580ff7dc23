@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.transport.Layer
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.nio.ByteBuffer
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.experimental.inv

/** Inverts every bit, so that bytes that went around it can be told from those that did not. */
internal class InvertingStream(private val inner: RawStream) : RawStream by inner {
    /** How it was closed, in order. */
    val ends = CopyOnWriteArrayList<String>()

    override fun read(target: ByteBuffer): Int {
        val start = target.position()
        return inner.read(target).also { count -> for (i in start until start + count) target.put(i, target.get(i).inv()) }
    }

    override fun write(source: ByteBuffer): Int {
        val inverted = ByteBuffer.allocate(source.remaining())
        for (i in source.position() until source.limit()) inverted.put(source.get(i).inv())
        return inner.write(inverted.flip()).also { source.position(source.position() + it) }
    }

    override fun write(sources: Array<ByteBuffer>, from: Int): Long = write(sources[from]).toLong()

    override fun close() {
        ends += "close"
        inner.close()
    }

    override fun abort() {
        ends += "abort"
        inner.abort()
    }
}

internal val inverted = Layer { InvertingStream(it) }

/** Inverts after both sides have said so, the client first, as with TLS. */
internal fun shakingHands(asClient: Boolean) = Layer { inner ->
    val word = bytes("!")
    if (asClient) inner.write(word)
    val answer = ByteBuffer.allocate(1)
    while (inner.read(answer) == 0) inner.awaitReadable()
    check(answer.get(0) == '!'.code.toByte()) { "no handshake: ${answer.get(0)}" }
    if (!asClient) inner.write(word)
    InvertingStream(inner)
}
