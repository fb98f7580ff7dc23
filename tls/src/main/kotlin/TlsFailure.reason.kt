package io.hawser.tls

import io.hawser.Endpoint
import io.hawser.tls.TlsHandshakeFailed.Reason
import java.security.cert.CertPathBuilderException
import java.security.cert.CertPathValidatorException
import java.security.cert.CertPathValidatorException.BasicReason
import java.security.cert.CertificateException
import java.security.cert.CertificateExpiredException
import java.security.cert.CertificateNotYetValidException

// Engines tell what went wrong by the exceptions beneath theirs and, where there is none, by nothing but the text.

/** The handshake with [peer] as it failed in the engine. */
internal fun Exception.asHandshakeFailure(peer: Endpoint): TlsHandshakeFailed = TlsHandshakeFailed(peer, reason(), alertOrText(), this)

/** The peer's alert by its name (RFC 8446, section 6.2), or what the engine says. */
internal fun Throwable.alertOrText(): String {
    alert()?.let { return "the peer sent the alert $it" }
    val causes = causes().toList()
    val certificate = causes.firstOrNull { it is CertificateException && it.cause == null } ?: causes.last()
    return certificate.message ?: message ?: "$this"
}

private fun Throwable.reason(): Reason {
    if (alert() != null) return Reason.RefusedByPeer
    return causes().firstNotNullOfOrNull { it.certificateReason() } ?: when {
        says("empty client certificate chain", "empty certificate chain", "peer did not return a certificate") -> Reason.NoCertificate
        says("no cipher suites in common", "not enabled or supported", "not accepted by", "no shared cipher") -> Reason.NothingInCommon
        says("unsupported protocol", "wrong version number", "no available authentication scheme") -> Reason.NothingInCommon
        says("no appropriate protocol", "application protocol", "application layer protocol", "wrong curve") -> Reason.NothingInCommon
        says("received close notify during handshake") -> Reason.Ended
        says("unrecognized ssl message", "unsupported or unrecognized") -> Reason.NotTls
        causes().any { it is CertificateException } -> Reason.BadCertificate
        else -> Reason.Other
    }
}

private fun Throwable.certificateReason(): Reason? = when (this) {
    is Objection -> reason

    is CertificateExpiredException -> Reason.Expired

    is CertificateNotYetValidException -> Reason.NotYetValid

    is CertPathBuilderException -> if (cause == null) Reason.UnknownAuthority else null

    is CertPathValidatorException -> when {
        reason == BasicReason.EXPIRED -> Reason.Expired
        reason == BasicReason.NOT_YET_VALID -> Reason.NotYetValid
        cause is CertificateExpiredException -> Reason.Expired
        cause is CertificateNotYetValidException -> Reason.NotYetValid
        message.orEmpty().contains("trust anchor") -> Reason.UnknownAuthority
        else -> Reason.BadCertificate
    }

    is CertificateException -> when {
        hostMismatches.any { it in message.orEmpty().lowercase() } -> Reason.WrongHost
        else -> null
    }

    else -> null
}

private val hostMismatches = listOf("no subject alternative", "no name matching", "illegal given domain name", "hostname")

/** `Received fatal alert: bad_certificate`, or `...:SSLV3_ALERT_BAD_CERTIFICATE`. */
private val alerts = Regex("""[Rr]eceived (?:fatal alert|handshake warning): ?(\w+)|(?:SSLV3|TLSV1|TLSV13)_ALERT_(\w+)""")

private fun Throwable.alert(): String? = causes().firstNotNullOfOrNull { cause ->
    alerts.find(cause.message.orEmpty())?.groupValues?.drop(1)?.firstOrNull(String::isNotEmpty)?.lowercase()
}

/** Conscrypt's names have underscores for the spaces. */
private fun Throwable.says(vararg texts: String): Boolean =
    causes().any { cause -> texts.any { it in cause.message.orEmpty().lowercase().replace('_', ' ') } }

/** This and what caused it, as far as a cycle would let us. */
private fun Throwable.causes(): Sequence<Throwable> = generateSequence(this) { it.cause }.take(MOST_CAUSES)

private const val MOST_CAUSES = 16
