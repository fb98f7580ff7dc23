package io.hawser.samples.programs

import io.hawser.Connection
import io.hawser.Endpoint
import io.hawser.Hawser
import io.hawser.MalformedFrame
import io.hawser.ServerOptions
import io.hawser.framing.FrameCodec
import io.hawser.framing.framed
import java.nio.ByteBuffer
import java.util.concurrent.ConcurrentHashMap
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch

private const val MOST_WORDS = 1024
private const val LONGEST_LINE = 2 * MOST_WORDS
private const val LONGEST_WORD = 1 shl 20
private const val LONGEST_REQUEST = 8 * LONGEST_WORD
private const val LONGEST_LIFE = 100L * 365 * 24 * 60 * 60 * 1000

/**
 * Keys and values for `redis-cli`, `redis-benchmark -t ping,set,get,incr` and their like: a codec takes the requests that have come, up to
 * about 1024 words of them, and one write answers them. Connections live on several loops and share a map, which changes each key in one
 * step. Text is Latin-1: keys and values may be any bytes.
 */
public suspend fun main(args: Array<String>): Unit = coroutineScope {
    val keyValues = KeyValues { System.nanoTime() / 1_000_000 }
    launch { while (true) delay(1.seconds).also { keyValues.forgetOld() } }
    val options = ServerOptions {
        maxConnections = 200
        writeTimeout = 30.seconds
    }
    val server = Hawser.streamServer(args.firstOrNull() ?: "tcp://127.0.0.1:6379", options)
    server.serve(onStart = { println("keeps keys on ${it.endpoint}") }) { serve(it, keyValues) }
}

internal suspend fun serve(connection: Connection, keyValues: KeyValues): Unit = try {
    connection.framed(Requests).incoming.collect { connection.write(it.flatMap(keyValues::answer).toTypedArray()) }
} catch (e: MalformedFrame) {
    connection.write(error("ERR Protocol error: ${e.message}").toTypedArray())
}

/** What is kept, each for its time, which [now] tells in milliseconds. */
internal class KeyValues(private val now: () -> Long) {
    private class Entry(val value: ByteArray, val end: Long?)
    private val entries = ConcurrentHashMap<String, Entry>()
    private val Entry?.live: Entry? get() = this?.takeUnless { end != null && end <= now() }
    fun forgetOld(): Boolean = entries.values.removeIf { it.live == null }
    fun answer(request: List<String>): List<ByteBuffer> = try {
        if (request.isEmpty()) emptyList() else answer(request[0].uppercase(), request.drop(1))
    } catch (e: IllegalArgumentException) {
        error("ERR ${e.message}")
    }
    private fun answer(name: String, of: List<String>): List<ByteBuffer> = when (name) {
        "GET" if of.size == 1 -> bulk(entries[of[0]].live?.value)
        "SET" if of.size >= 2 -> if (set(of[0], of[1].bytes, of.listIterator(2))) simple("OK") else bulk(null)
        "INCR" if of.size == 1 -> number(increment(of[0]))
        "MGET" if of.isNotEmpty() -> array(of.map { entries[it].live?.value })
        "DEL" if of.isNotEmpty() -> number(of.count { entries.remove(it).live != null })
        "EXISTS" if of.isNotEmpty() -> number(of.count { entries[it].live != null })
        "EXPIRE" if of.size == 2 -> number(if (expire(of[0], life(of[1], 1000))) 1 else 0)
        "TTL" if of.size == 1 -> number(entries[of[0]].live?.run { if (end == null) -1 else maxOf(0L, end - now() + 999) / 1000 } ?: -2)
        "DBSIZE" if of.isEmpty() -> number(entries.size)
        "PING" if of.size <= 1 -> of.firstOrNull()?.let { bulk(it.bytes) } ?: simple("PONG")
        "ECHO" if of.size == 1 -> bulk(of[0].bytes)
        "COMMAND" -> array(emptyList())
        "CONFIG" if of.size == 2 && of[0].uppercase() == "GET" -> array(settings[of[1]]?.let { listOf(of[1].bytes, it.bytes) }.orEmpty())
        else -> throw IllegalArgumentException("unknown command, or wrong number of arguments: '${name.take(100)}'")
    }
    private fun set(key: String, value: ByteArray, options: Iterator<String>): Boolean {
        var life: Long? = null
        var isOnlyIfNew = false
        for (option in options) {
            when (option.uppercase()) {
                "NX" -> isOnlyIfNew = true
                "EX" if life == null && options.hasNext() -> life = life(options.next(), 1000)
                "PX" if life == null && options.hasNext() -> life = life(options.next(), 1)
                else -> throw IllegalArgumentException("syntax error")
            }
        }
        require(life == null || life > 0) { "invalid expire time in 'set' command" }
        val new = Entry(value, life?.plus(now()))
        return new == entries.compute(key) { _, old -> old.live?.takeIf { isOnlyIfNew } ?: new }
    }
    private fun increment(key: String): Long = entries.compute(key) { _, old ->
        val number = integer(old.live?.value?.text ?: "0")
        require(number < Long.MAX_VALUE) { "increment or decrement would overflow" }
        Entry("${number + 1}".bytes, old.live?.end)
    }!!.value.text.toLong()
    private fun expire(key: String, life: Long): Boolean =
        entries.computeIfPresent(key) { _, old -> old.live?.run { Entry(value, now() + life) } } != null
    private fun life(text: String, unit: Int): Long =
        integer(text).also { require(it in -LONGEST_LIFE / unit..LONGEST_LIFE / unit) { "invalid expire time" } } * unit
    private fun integer(s: String) = requireNotNull(s.toLongOrNull()?.takeIf { "$it" == s }) { "value is not an integer or out of range" }
}

private val settings = mapOf("save" to "", "appendonly" to "no")
private val String.bytes get() = toByteArray(Charsets.ISO_8859_1)
private val ByteArray.text get() = toString(Charsets.ISO_8859_1)
private fun piece(text: String) = ByteBuffer.wrap("$text\r\n".bytes)
private fun simple(text: String) = listOf(piece("+$text"))
private fun error(text: String) = listOf(piece("-${text.replace(Regex("[\r\n]"), " ")}"))
private fun number(number: Number) = listOf(piece(":$number"))
private fun bulk(value: ByteArray?) = value?.let { listOf(piece("$${it.size}"), ByteBuffer.wrap(it), piece("")) } ?: listOf(piece("$-1"))
private fun array(values: List<ByteArray?>) = listOf(piece("*${values.size}")) + values.flatMap(::bulk)

/** Whole requests that have come, as their words: RESP's arrays of strings, or lines as somebody types them. Half of one is read anew. */
internal object Requests : FrameCodec<List<List<String>>> {
    override fun decode(bytes: ByteBuffer, seen: Int, peer: Endpoint): List<List<String>>? {
        val requests = ArrayList<List<String>>()
        var end = bytes.position()
        var words = 0
        try {
            while (words < MOST_WORDS) {
                requests += (request(bytes) ?: break).also { words += maxOf(1, it.size) }
                end = bytes.position()
            }
        } catch (e: IllegalArgumentException) {
            if (requests.isEmpty()) throw MalformedFrame(peer, "${e.message}").also { bytes.position(end) } // Else the others go first.
        }
        return requests.ifEmpty { null }.also { bytes.position(end) }
    }
    override fun encode(frame: List<List<String>>, peer: Endpoint) = frame.flatMap { array(it.map { word -> word.bytes }) }.toTypedArray()
    private fun request(bytes: ByteBuffer): List<String>? {
        val start = bytes.position()
        val line = line(bytes) ?: return null
        require(line.substringBefore(' ').uppercase() !in setOf("POST", "HOST:")) { "no HTTP, which any page could send" }
        if (!line.startsWith('*')) return line.split(' ', '\r').filter(String::isNotEmpty)
        return List(count(line, '*', MOST_WORDS)) {
            val size = count(line(bytes) ?: return null, '$', LONGEST_WORD)
            require(bytes.position() + size - start <= LONGEST_REQUEST) { "a request of over $LONGEST_REQUEST bytes" }
            if (bytes.remaining() < size + 2) return null
            val word = bytes.slice(bytes.position(), size).also { bytes.position(bytes.position() + size) }
            require(line(bytes) == "\r") { "no end after $size bytes" }
            word
        }.map(::text)
    }
    private fun line(bytes: ByteBuffer): String? {
        val end = (bytes.position() until bytes.limit()).find { bytes.get(it) == '\n'.code.toByte() } ?: bytes.limit()
        val line = bytes.slice(bytes.position(), end - bytes.position())
        require(line.remaining() <= LONGEST_LINE) { "a line of over $LONGEST_LINE bytes" }
        return if (end == bytes.limit()) null else text(line).also { bytes.position(end + 1) }
    }
    private fun text(bytes: ByteBuffer) = ByteArray(bytes.remaining()).also(bytes::get).text
    private fun count(of: String, mark: Char, most: Int): Int =
        requireNotNull(of.trim(mark, '\r').toIntOrNull()?.takeIf { it in 0..most && of == "$mark$it\r" }) { "no $mark and 0 to $most: $of" }
}
