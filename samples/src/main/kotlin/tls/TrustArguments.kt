package io.hawser.samples.tls

import io.hawser.Endpoint
import io.hawser.tls.ClientTls
import io.hawser.tls.TlsIdentity
import java.nio.file.Path
import picocli.CommandLine.Option

/** Whom a command trusts that connects: one of these, or else whom the system trusts. */
internal class TrustArguments {
    @Option(
        names = ["--ca"],
        order = 13,
        required = true,
        paramLabel = "FILE",
        description = [
            "For tls://: who has to have issued the server's certificate, or that certificate itself, in PEM. Default: those whom the " +
                "system trusts.",
        ],
    )
    var authorities: Path? = null

    @Option(
        names = ["--insecure-for-testing"],
        order = 14,
        required = true,
        description = ["For tls://: trust anybody, who then can read and alter everything."],
    )
    var isInsecure: Boolean = false

    /** Why this is of no use for [endpoint], if it is not. */
    fun faultFor(endpoint: Endpoint): String? =
        if (endpoint.isTls) null else "${if (isInsecure) "--insecure-for-testing" else "--ca"} is about TLS, and there is none on $endpoint"
}

/**
 * How to talk to servers: [trust] says whom to trust, [identity] who we are.
 *
 * @throws io.hawser.tls.InvalidTlsConfiguration
 */
internal fun clientTls(trust: TrustArguments?, identity: TlsIdentity? = null): ClientTls {
    if (trust?.isInsecure == true) return ClientTls.insecureForTesting()
    return ClientTls {
        trust?.authorities?.let { trust(it) }
        identity?.let { identity(it) }
    }
}
