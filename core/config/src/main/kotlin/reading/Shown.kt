package io.hawser.config.reading

import io.hawser.settings.Raw
import io.hawser.settings.Secret
import io.hawser.settings.SettingsApi

/** As a message has it. */
@SettingsApi
internal fun Raw.shown(isSecret: Boolean = false): String = when {
    // Where it is may be seen, what it is may not.
    isSecret && !(this is Raw.Text && (text.startsWith("env:") || text.startsWith("file:"))) -> Secret.MASK

    else -> "$this".let { if (it.length <= LONGEST) it else it.take(LONGEST) + "..." }
}

/** As a message has it where nobody knows what it is; null if it could be a secret that stands in the wrong place. */
@SettingsApi
internal fun Raw.shownUnasked(): String? = when (this) {
    is Raw.Whole, is Raw.Real, is Raw.Flag -> shown()
    is Raw.Text, is Raw.Many, is Raw.Other -> null
}

/** As the value of [name], which is none of [names]; null if it could be a secret: by its name, or because it is like none of them. */
@SettingsApi
internal fun Raw.shownAs(name: String, names: Collection<String>): String? = when {
    name.split('-', '_', '.').any { part -> secret.containsMatchIn(part) || nearest(part.lowercase(), secrets) != null } -> null
    nearest(name, names) != null -> shown()
    else -> shownUnasked()
}

private val secrets = listOf("password", "passphrase", "secret", "token", "key", "credentials")
private val secret = Regex("pass|secret|token|key|pwd|cred|auth", RegexOption.IGNORE_CASE)
private const val LONGEST = 120
