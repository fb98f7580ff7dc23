package io.hawser.samples.demo

import io.hawser.copyTo
import io.hawser.samples.Transport
import io.hawser.samples.transports
import java.io.PrintWriter
import java.nio.file.Path
import kotlinx.coroutines.coroutineScope

/** Shows each transport at work, and stops at the first that fails. */
internal class Demo(private val progress: Progress) {
    /**
     * Prints what was measured to [out], once all is done.
     *
     * @throws DemoFailure if the file cannot be streamed, or a byte of it differs.
     * @throws io.hawser.SocketFailure
     */
    suspend fun run(arguments: DemoArguments, out: PrintWriter) {
        val file = arguments.file ?: largeFileOfTheJdk()
        val size = sizeOf(file)
        val fingerprint = progress.during("reading $file", size) { read -> fingerprintOf(file, read) }
        val results = transports.map { show(it, file, fingerprint) }
        out.println(if (arguments.json) document(file, fingerprint, results) else table(results))
    }

    private suspend fun show(transport: Transport, file: Path, fingerprint: Fingerprint): Result = coroutineScope {
        val server = transport.server(transport.here) { }
        server.start(this) { connection -> connection.copyTo(connection) }.use { running ->
            val client = transport.client(running.endpoint)
            val streaming = progress.during("${transport.scheme}: streaming ${file.fileName}", fingerprint.size) { received ->
                streamThrough(client, file, fingerprint, received)
            }
            val roundTrips = progress.during("${transport.scheme}: round trips", MOST_ROUND_TRIPS) { made ->
                measureRoundTrips(client, made)
            }
            Result(transport.scheme, running.endpoint, fingerprint.size, streaming, roundTrips)
        }
    }

    private fun largeFileOfTheJdk(): Path = Path.of(System.getProperty("java.home"), "lib", "modules")
}
