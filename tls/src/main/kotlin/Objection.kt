package io.hawser.tls

import io.hawser.tls.TlsHandshakeFailed.Reason
import java.security.cert.CertificateException

/** What is wrong with a certificate that was issued by somebody who is trusted. */
internal class Objection(val reason: Reason, message: String) : CertificateException(message) {
    override val message: String get() = checkNotNull(super.message)
}
