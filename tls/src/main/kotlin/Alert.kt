package io.hawser.tls

/** Alerts by their names (RFC 8446, section 6.2; RFC 5246, section 7.2). */
internal object Alert {
    const val SIZE = 2
    const val FATAL = 2

    private val names = mapOf(
        10 to "unexpected_message",
        20 to "bad_record_mac",
        22 to "record_overflow",
        40 to "handshake_failure",
        42 to "bad_certificate",
        43 to "unsupported_certificate",
        44 to "certificate_revoked",
        45 to "certificate_expired",
        46 to "certificate_unknown",
        47 to "illegal_parameter",
        48 to "unknown_ca",
        49 to "access_denied",
        50 to "decode_error",
        51 to "decrypt_error",
        70 to "protocol_version",
        71 to "insufficient_security",
        80 to "internal_error",
        86 to "inappropriate_fallback",
        90 to "user_canceled",
        109 to "missing_extension",
        110 to "unsupported_extension",
        112 to "unrecognized_name",
        113 to "bad_certificate_status_response",
        115 to "unknown_psk_identity",
        116 to "certificate_required",
        120 to "no_application_protocol",
    )

    fun nameOf(code: Int): String = names[code] ?: "$code"
}
