package io.hawser.samples.demo

import io.hawser.Endpoint
import java.nio.file.Path

/** Why a demo failed though no socket did. */
internal sealed class DemoFailure(message: String, cause: Throwable? = null) : Exception(message, cause)

/** [file] cannot be streamed. */
internal class FileUnusable(val file: Path, why: String, cause: Throwable? = null) : DemoFailure("cannot stream $file: $why", cause)

/** What came back from [endpoint] is not the file that was [sent]. */
internal class EchoDiffers(val endpoint: Endpoint, val sent: Fingerprint, val received: Fingerprint) :
    DemoFailure("the echo of $endpoint differs: ${sent.difference(received)}")

/** A round trip through [endpoint] did not bring back what was sent. */
internal class PongDiffers(val endpoint: Endpoint, val round: Int, what: String) :
    DemoFailure("round trip ${round + 1} through $endpoint differs: $what")

/** There is no certificate to show TLS with. */
internal class NoCertificate(why: String, cause: Throwable? = null) : DemoFailure("cannot make a certificate for TLS: $why", cause)
