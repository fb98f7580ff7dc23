package io.hawser.tls

import java.nio.file.Path

/**
 * What TLS was given cannot work: [file] where it is a file's fault. The message names the file and says why.
 *
 * It is found when the thing is built, never in a handshake; what becomes of a watched file later is told as
 * [TlsIdentityEvent.ReloadFailed].
 */
public class InvalidTlsConfiguration @JvmOverloads constructor(message: String, public val file: Path? = null, cause: Throwable? = null) :
    IllegalArgumentException(message, cause)

/** A fault of [file], or of something that came from none. */
internal fun invalid(file: Path?, why: String, cause: Throwable? = null): InvalidTlsConfiguration =
    InvalidTlsConfiguration(if (file == null) why else "$file: $why", file, cause)

/** Makes a [fault] of whatever [block] throws: for damaged input the JDK has exceptions of all kinds. */
internal inline fun <T> reading(fault: (Exception) -> InvalidTlsConfiguration, block: () -> T): T = try {
    block()
} catch (e: Exception) {
    throw e as? InvalidTlsConfiguration ?: fault(e)
}

/** What this says, where it says anything. */
internal val Throwable.words: String get() = message ?: javaClass.simpleName
