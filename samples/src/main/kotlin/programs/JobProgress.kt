package io.hawser.samples.programs

import io.hawser.Hawser
import io.hawser.messaging.HubClient
import io.hawser.messaging.HubOptions
import io.hawser.messaging.Message
import io.hawser.messaging.MessageHub
import io.hawser.messaging.MessageType
import java.io.IOException
import java.io.OutputStream
import java.nio.file.Files
import java.nio.file.Path
import java.security.DigestOutputStream
import java.security.MessageDigest
import java.util.HexFormat
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.withContext

private const val EVENT = "job"
private const val DONE = "done"
private const val BAR = 20

/** A line that wraps could not be written over. */
private const val LINE = 79

/**
 * A long job that any number of terminals watch: `work ENDPOINT FILE...` prints the checksum of each file, `watch ENDPOINT` draws how far
 * that has come. Who begins to watch in the middle sees at once where it stands; who does so before waits for it, also if it is killed and
 * started again.
 */
public suspend fun main(args: Array<String>) {
    val (role, endpoint) = args
    if (role == "watch") watch(endpoint) else work(endpoint, args.drop(2))
}

private suspend fun work(endpoint: String, files: List<String>): Unit = coroutineScope {
    val hub = MessageHub(Hawser.streamServer(endpoint), EVENT, HubOptions { replay = 1 }).start(this)
    println("works on ${hub.endpoint}")
    suspend fun tell(step: Int, status: String, type: MessageType = MessageType.DATA) =
        hub.broadcast(mapOf("step" to step, "of" to files.size, "name" to files.getOrElse(step) { "" }, "status" to status), type)

    var step = 0
    try {
        for (file in files) {
            tell(step, "at work")
            println("${withContext(Dispatchers.IO) { checksum(file) }}  $file")
            step++
        }
        tell(step, DONE)
    } catch (e: IOException) {
        println("failed: $e")
        tell(step, "failed: $e", MessageType.ERROR)
    }
    hub.shutdown(5.seconds)
}

private fun checksum(file: String): String {
    val digest = MessageDigest.getInstance("SHA-256")
    Files.newInputStream(Path.of(file)).use { it.transferTo(DigestOutputStream(OutputStream.nullOutputStream(), digest)) }
    return HexFormat.of().formatHex(digest.digest())
}

private suspend fun watch(endpoint: String): Unit = coroutineScope {
    HubClient(Hawser.streamClient(endpoint), EVENT).start(this).use { client ->
        client.messages.onEach(::draw).first { it.type == MessageType.ERROR || it.data["status"] == DONE }
        println()
    }
}

/** Over what was drawn before. */
private fun draw(message: Message) {
    val (step, of) = listOf("step", "of").map { message.data[it] as Long }
    val bar = "#".repeat((step * BAR / maxOf(of, 1)).toInt()).padEnd(BAR)
    val line = "[$bar] $step/$of ${message.data["name"]} ${message.data["status"]}"
    print("\r" + line.filterNot { it.isISOControl() || it in '\u2028'..'\u202e' || it in '\u2066'..'\u2069' }.take(LINE).padEnd(LINE))
    System.out.flush()
}
