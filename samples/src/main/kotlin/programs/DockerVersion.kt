package io.hawser.samples.programs

import io.hawser.Hawser
import java.io.ByteArrayOutputStream
import kotlin.time.Duration.Companion.seconds

/** Asks a daemon that speaks HTTP on a Unix socket for its version: Docker's, or that of the argument. */
public suspend fun main(args: Array<String>) {
    val request = "GET /version HTTP/1.0\r\nHost: localhost\r\n\r\n"
    val answer = ByteArrayOutputStream()
    Hawser.streamClient("unix:" + (args.firstOrNull() ?: "/var/run/docker.sock")).once(request.encodeToByteArray(), 5.seconds) {
        it.incoming().collect(answer::writeBytes)
    }
    println(answer.toString(Charsets.UTF_8).substringAfter("\r\n\r\n").trim())
}
