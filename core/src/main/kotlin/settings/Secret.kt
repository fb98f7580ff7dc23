@file:OptIn(SettingsApi::class)

package io.hawser.settings

import java.nio.file.InvalidPathException

/**
 * What nobody is to see, such as a password. Files never have it, but say where it is: `env:NAME` for an environment variable, or
 * `file:PATH` for the first line of a file.
 */
@SettingsApi
public class Secret private constructor(private val value: String, private val reference: String?) {
    /** A copy, for the one who needs it. */
    public fun chars(): CharArray = value.toCharArray()

    /** Its UTF-8. */
    public fun bytes(): ByteArray = value.encodeToByteArray()

    /** Where it is; never what. */
    override fun toString(): String = reference ?: MASK

    public companion object {
        /** What is shown instead of a secret. */
        public const val MASK: String = "********"

        /** One that code knows. */
        public fun of(value: String): Secret = Secret(value, null)

        internal fun by(reference: String, value: String): Secret = Secret(value, reference)
    }
}

internal object SecretKind : Kind<Secret>("env:NAME or file:PATH, where the secret is") {
    private const val ENVIRONMENT = "env:"
    private const val FILE = "file:"

    override val isSecret: Boolean get() = true

    override fun read(raw: Raw, around: Surroundings): Secret {
        val text = (raw as? Raw.Text ?: throw RefusedType()).text
        return when {
            text.startsWith(ENVIRONMENT) -> {
                val name = text.removePrefix(ENVIRONMENT)
                Secret.by(text, filled(around.variable(name) ?: throw Refused("there is no environment variable \"$name\"")))
            }

            text.startsWith(FILE) -> {
                val path = try {
                    around.path(text.removePrefix(FILE))
                } catch (e: InvalidPathException) {
                    throw Refused(e.reason, e)
                }
                Secret.by("$FILE$path", filled(around.lineOf(path)))
            }

            else -> throw Refused("a secret does not stand in a file of settings itself")
        }
    }

    /** A file that is just being written is empty, and so is a variable that was forgotten. */
    private fun filled(value: String): String = value.ifEmpty { throw Refused("it is empty") }

    override fun write(value: Secret): Raw = Raw.Text("$value")

    override fun parse(text: String): Raw = Raw.Text(text)
}
