package io.hawser.samples.tls

import io.hawser.Endpoint
import io.hawser.tls.TlsIdentity
import io.hawser.tls.TlsIdentityListener
import java.nio.file.Path
import picocli.CommandLine.Option

private const val PASSWORD = "HAWSER_TLS_KEY_PASSWORD"

/** What a command can be told of the certificate that it shows. */
internal class IdentityArguments {
    @Option(
        names = ["--tls-cert"],
        order = 10,
        paramLabel = "FILE",
        description = [
            "For tls://: the certificate to show, and behind it those of its issuers that the peer may not have, in PEM. It is read " +
                "again once it has changed.",
        ],
    )
    var certificate: Path? = null

    @Option(
        names = ["--tls-key"],
        order = 11,
        paramLabel = "FILE",
        description = ["For tls://: its private key, in PEM. If that is encrypted, \$$PASSWORD has the password."],
    )
    var key: Path? = null

    /** What there is of both, by its option. */
    fun given(): List<String> = listOfNotNull("--tls-cert".takeIf { certificate != null }, "--tls-key".takeIf { key != null })

    /** Why this is of no use for [endpoint], if it is not. */
    fun faultFor(endpoint: Endpoint, isServer: Boolean): String? = when {
        !endpoint.isTls -> given().firstOrNull()?.let { "$it is about TLS, and there is none on $endpoint" }
        given().size == 1 -> "--tls-cert and --tls-key go together, and there is only ${given().single()}"
        given().isEmpty() && isServer -> "a server on $endpoint needs a certificate: add --tls-cert FILE --tls-key FILE"
        else -> null
    }

    /**
     * Who we are, if that was said. [onEvent] is told when the files have changed.
     *
     * @throws io.hawser.tls.InvalidTlsConfiguration
     */
    fun identity(onEvent: TlsIdentityListener? = null): TlsIdentity? {
        val certificate = certificate ?: return null
        val key = key ?: return null
        return TlsIdentity.watching(certificate, key, System.getenv(PASSWORD)?.toCharArray(), onEvent)
    }
}
