package io.hawser.tls

/** What there is to know of records without understanding them (RFC 8446, section 5.1; RFC 5246, section 6.2). */
internal object Record {
    const val CHANGE_CIPHER_SPEC = 20
    const val ALERT = 21
    const val HANDSHAKE = 22
    const val APPLICATION_DATA = 23

    const val HEADER = 5
    private const val VERSION_MAJOR = 3
    private const val EXCERPT = 16
    private val PRINTABLE = 0x20..0x7e

    /** Of a TLS 1.2 record with all its padding; those of TLS 1.3 are shorter. */
    const val MAX_LENGTH = (1 shl 14) + 2048

    fun typeOf(bytes: Transit): Int = bytes[0]

    fun lengthOf(bytes: Transit): Int = (bytes[3] shl 8) or bytes[4]

    /** Whether [bytes], as far as they are there, can be the beginning of a record. */
    fun canBegin(bytes: Transit): Boolean =
        (bytes.size < 1 || bytes[0] in CHANGE_CIPHER_SPEC..APPLICATION_DATA) && (bytes.size < 2 || bytes[1] == VERSION_MAJOR)

    /** Whether [bytes] begin with the header of a record that nobody may send. */
    fun isTooLong(bytes: Transit): Boolean = bytes.size >= HEADER && lengthOf(bytes) > MAX_LENGTH

    /** Whether there is enough of [bytes] to tell what to do: a whole record, or what will never be one. */
    fun isDecided(bytes: Transit): Boolean =
        (bytes.size >= HEADER && bytes.size >= HEADER + lengthOf(bytes)) || isTooLong(bytes) || !canBegin(bytes)

    /** Whether [bytes] begin with an alert that is not encrypted and ends the session. */
    fun isFatalAlert(bytes: Transit): Boolean =
        bytes.size >= HEADER + Alert.SIZE && typeOf(bytes) == ALERT && lengthOf(bytes) == Alert.SIZE && bytes[HEADER] == Alert.FATAL

    /** Which one it is. */
    fun alertIn(bytes: Transit): Int = bytes[HEADER + 1]

    /** How [bytes] begin, for people: `"GET / HTTP/1.1"`. */
    fun excerptOf(bytes: Transit): String = (0 until minOf(bytes.size, EXCERPT)).joinToString("", "\"", "\"") { index ->
        when (val byte = bytes[index]) {
            in PRINTABLE -> byte.toChar().toString()
            else -> "\\x%02x".format(byte)
        }
    }
}
