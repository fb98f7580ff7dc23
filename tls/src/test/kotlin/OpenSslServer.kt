package io.hawser.tls

import java.io.File
import java.util.concurrent.TimeUnit.SECONDS

/** `openssl s_server`, which answers each line with its reverse. */
internal class OpenSslServer(folder: File, certificate: String, key: String, arguments: Array<out String>) : AutoCloseable {
    private val command = listOf("openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key, "-rev")
    private val process = ProcessBuilder(command + arguments)
        .directory(folder)
        .redirectErrorStream(true)
        .start()

    val port: Int

    init {
        val output = process.inputReader()
        val line = generateSequence { output.readLine() }.firstOrNull { it.startsWith(ACCEPT) }
        port = checkNotNull(line) { "openssl s_server does not listen" }.substringAfterLast(':').trim().toInt()
    }

    override fun close() {
        process.destroyForcibly()
        process.waitFor(10, SECONDS)
        process.inputStream.close()
        process.outputStream.close()
        process.errorStream.close()
    }

    private companion object {
        const val ACCEPT = "ACCEPT "
    }
}

/** A server of this folder's [certificate] and [key]. */
internal fun OpenSsl.server(certificate: String, key: String, vararg arguments: String) =
    OpenSslServer(folder.toFile(), certificate, key, arguments)
