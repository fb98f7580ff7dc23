package io.hawser.samples.demo

import io.hawser.Endpoint
import io.hawser.Hawser
import io.hawser.ServerHandle
import io.hawser.StreamClient
import io.hawser.copyTo
import io.hawser.samples.tls.TLS
import io.hawser.samples.tls.inTermsOf
import io.hawser.samples.tls.isTls
import io.hawser.samples.tls.streamServer
import io.hawser.samples.tls.withoutTls
import io.hawser.tls.tls
import java.io.PrintWriter
import java.nio.file.Files
import java.nio.file.Path
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope

/** All there are, in the order of the table, each where it is in nobody's way: sockets that are files in [folder]. */
internal fun everyTransport(folder: Path): List<Endpoint> = listOf("tcp", TLS, "udp").map { Endpoint.Inet(it, "127.0.0.1", port = 0) } +
    listOf("unix", "unixgram").map { Endpoint.Local(it, "${folder.resolve("$it.sock")}") }

/** Who listens on all addresses of this machine listens on the loopback address too. */
private fun Endpoint.fromHere(): Endpoint = when {
    this !is Endpoint.Inet -> this
    host == "*" -> Endpoint.Inet(scheme, if (scheme.endsWith('6')) "::1" else "127.0.0.1", port)
    else -> this
}

/** Shows transports at work, and stops at the first that fails. */
internal class Demo(private val progress: Progress) {
    /**
     * Prints what was measured to [out], once all is done.
     *
     * @throws DemoFailure if the file cannot be streamed, or a byte of it differs.
     * @throws DemoFailure if there can be no certificate for TLS.
     * @throws io.hawser.SocketFailure
     */
    suspend fun run(arguments: DemoArguments, out: PrintWriter) {
        val file = arguments.file ?: largeFileOfTheJdk()
        val size = sizeOf(file)
        val fingerprint = progress.during("reading $file", size) { read -> fingerprintOf(file, read) }
        val results = where(arguments) { endpoints ->
            val certificate = if (endpoints.any { it.isTls }) progress.during("making a certificate", 1) { Certificate.make() } else null
            endpoints.map { show(it, certificate, file, fingerprint) }
        }
        out.println(if (arguments.json) document(file, fingerprint, results) else table(results))
    }

    private suspend fun <R> where(arguments: DemoArguments, show: suspend (List<Endpoint>) -> R): R {
        arguments.on?.let { given -> return show(given.map { it.endpoint }) }
        val folder = Files.createTempDirectory("hawser-demo")
        try {
            return show(everyTransport(folder))
        } finally {
            Files.delete(folder)
        }
    }

    private suspend fun show(endpoint: Endpoint, certificate: Certificate?, file: Path, fingerprint: Fingerprint): Result = coroutineScope {
        val running = start(this, endpoint, certificate)
        try {
            val real = running.endpoint.inTermsOf(endpoint)
            val echo = echo(real.fromHere(), certificate)
            val streaming = progress.during("${endpoint.scheme}: streaming ${file.fileName}", fingerprint.size) { received ->
                echo.stream(file, fingerprint, received)
            }
            val roundTrips = progress.during("${endpoint.scheme}: round trips", MOST_ROUND_TRIPS) { made ->
                measureRoundTrips(echo, made)
            }
            Result(endpoint.scheme, real, fingerprint.size, streaming, roundTrips)
        } finally {
            running.close()
        }
    }

    private suspend fun start(scope: CoroutineScope, endpoint: Endpoint, certificate: Certificate?): ServerHandle = when {
        endpoint.isDatagram -> Hawser.datagramServer(endpoint).start(scope) { reply(it.bytes) }
        else -> streamServer(endpoint) { checkNotNull(certificate).server }.start(scope) { connection -> connection.copyTo(connection) }
    }

    private fun echo(endpoint: Endpoint, certificate: Certificate?): Echo = when {
        endpoint.isDatagram -> DatagramEcho(endpoint)
        endpoint.isTls -> StreamEcho(endpoint, client(endpoint, checkNotNull(certificate)))
        else -> StreamEcho(endpoint)
    }

    private fun client(endpoint: Endpoint, certificate: Certificate): StreamClient =
        Hawser.streamClient(endpoint.withoutTls()).tls(certificate.client, serverName = Certificate.NAME)

    private fun largeFileOfTheJdk(): Path = Path.of(System.getProperty("java.home"), "lib", "modules")
}
