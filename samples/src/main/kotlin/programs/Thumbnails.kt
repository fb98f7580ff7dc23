package io.hawser.samples.programs

import io.hawser.Hawser
import io.hawser.broker.Body
import io.hawser.broker.Broker
import io.hawser.broker.BrokerFailure
import io.hawser.broker.ConsumerPool
import io.hawser.broker.Provider
import io.hawser.broker.ProviderOptions
import io.hawser.broker.Request
import io.hawser.broker.RequestFailed
import io.hawser.broker.Requester
import io.hawser.broker.Responder
import java.io.ByteArrayOutputStream
import java.io.OutputStream
import java.nio.file.Files
import java.nio.file.Path
import java.util.UUID
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

private val THUMBNAILS = UUID.fromString("7d444840-9dc0-11d1-b245-5ffdce74fad2")
private const val PROVIDERS = 5
private const val PICTURES = 12
private const val SMALLER = 8
private const val NO_PICTURE = 415

/** A name, width and height, the greatest value: more is no beginning of a picture. */
private const val LONGEST_HEADER = 40

/**
 * Pictures are made small by whoever of five has time: `ENDPOINT FOLDER` starts a broker, five providers and a pool that asks them, draws
 * some pictures in the folder and has a thumbnail made of each. Files go through all of it in pieces: nobody ever holds a whole one. In
 * earnest each of the three would be a program of its own.
 */
public suspend fun main(args: Array<String>): Unit = coroutineScope {
    val (endpoint, folder) = args
    val broker = Broker(Hawser.streamServer(endpoint)).start(this)
    val client = Hawser.streamClient(broker.endpoint)
    // What has to wait waits at the broker, for whoever is free first.
    val options = ProviderOptions { prefetch = 0 }
    val providers = List(PROVIDERS) { Provider(client, THUMBNAILS, options).start(this, concurrency = 2) { shrink(it) } }
    providers.forEach { it.awaitRegistered(10.seconds) }
    ConsumerPool(client, THUMBNAILS, size = 3).start(this).use { pool ->
        println("healthy: ${isHealthy(pool)}")
        coroutineScope {
            for (picture in draw(Path.of(folder))) launch { println(thumbnail(pool, picture)) }
        }
        for (provider in providers) provider.shutdown(5.seconds)
        println("healthy: ${isHealthy(pool)}")
    }
    broker.shutdown(5.seconds)
}

/** For whoever watches over it: whether somebody is there to answer. No handler is troubled. */
private suspend fun isHealthy(pool: Requester): Boolean = try {
    pool.ping(10.seconds)
    true
} catch (_: BrokerFailure) {
    false
}

/** Has a thumbnail of [picture] made beside it. */
private suspend fun thumbnail(pool: Requester, picture: Path): String {
    val small = picture.resolveSibling("small-${picture.fileName}")
    return try {
        withContext(Dispatchers.IO) {
            Files.newOutputStream(small).use { out ->
                pool.stream(Body.of(picture), timeout = 30.seconds, headers = mapOf("smaller" to "$SMALLER")).collect { out.write(it) }
            }
        }
        "${picture.fileName}: ${Files.size(picture)} bytes, ${Files.size(small)} bytes"
    } catch (e: RequestFailed) {
        "${picture.fileName}: ${e.reason}"
    }
}

/** Answers with the thumbnail, each row as soon as it has come. */
private suspend fun Responder.shrink(request: Request) {
    val smaller = request.headers["smaller"]?.toIntOrNull()?.takeIf { it > 0 } ?: fail(code = 400, "how much smaller?")
    val shrinking = Shrinking(smaller)
    request.body.collect { chunk ->
        if (!shrinking.take(chunk)) fail(NO_PICTURE, "no picture")
        shrinking.made()?.let { send(it) }
    }
    if (!shrinking.isComplete) fail(NO_PICTURE, "half a picture")
}

/** A picture in the format PPM, of which every [step]th pixel of every such row is kept. */
private class Shrinking(private val step: Int) {
    private val header = StringBuilder()
    private val kept = ByteArrayOutputStream()
    private var width = 0L
    private var height = 0L

    /** Bytes of pixels that have come. */
    private var count = 0L

    val isComplete: Boolean get() = width > 0 && count == width * height * RGB

    /** False if that is no picture. */
    fun take(chunk: ByteArray): Boolean {
        for (byte in chunk) {
            if (width > 0) {
                takePixel(byte)
            } else if (!takeHeader(byte)) {
                return false
            }
        }
        return count <= width * height * RGB
    }

    /** What can be told of the thumbnail by now, or null if there is nothing new. */
    fun made(): ByteArray? = if (kept.size() > 0) kept.toByteArray().also { kept.reset() } else null

    private fun takePixel(byte: Byte) {
        val pixel = count++ / RGB
        if (pixel % width % step == 0L && pixel / width % step == 0L) kept.write(byte.toInt())
    }

    private fun takeHeader(byte: Byte): Boolean {
        header.append(Char(byte.toInt() and 0xff))
        val (_, columns, rows) = Regex("P6\n([1-9]\\d{0,4}) ([1-9]\\d{0,4})\n255\n").matchEntire(header)?.groupValues
            ?: return header.length < LONGEST_HEADER
        width = columns.toLong()
        height = rows.toLong()
        kept.writeBytes("P6\n${ceil(width)} ${ceil(height)}\n255\n".encodeToByteArray())
        return true
    }

    private fun ceil(size: Long) = (size + step - 1) / step

    private companion object {
        const val RGB = 3
    }
}

/** Draws some pictures, and one that is none. */
private suspend fun draw(folder: Path): List<Path> = withContext(Dispatchers.IO) {
    val pictures = List(PICTURES) { i ->
        folder.resolve("$i.ppm").also { file -> Files.newOutputStream(file).buffered().use { gradient(it, width = 400 + i, height = 300) } }
    }
    pictures.plusElement(Files.writeString(folder.resolve("notes.txt"), "a picture is worth a thousand words, which are not here"))
}

private fun gradient(out: OutputStream, width: Int, height: Int) {
    out.write("P6\n$width $height\n255\n".encodeToByteArray())
    for (y in 0 until height) for (x in 0 until width) out.write(byteArrayOf(x.toByte(), y.toByte(), (x xor y).toByte()))
}
