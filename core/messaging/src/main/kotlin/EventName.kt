package io.hawser.messaging

import io.hawser.messaging.wire.isPlain
import io.hawser.messaging.wire.quoted

private const val LONGEST = 64

/** @throws IllegalArgumentException saying why [name] is no name of an event. */
internal fun requireEventName(name: String) {
    eventNameFlaw(name)?.let { throw IllegalArgumentException("the name of an event $it") }
}

/** What keeps [name] from being the name of an event, or null: such names are safe in paths, URLs and logs. */
internal fun eventNameFlaw(name: String): String? {
    if (name.isEmpty()) return "is empty"
    if (name.length > LONGEST) return "has ${name.length} characters, more than $LONGEST: ${name.quoted()}"
    val at = name.indexOfFirst { !it.isPlain }
    return if (at < 0) null else "has ${name[at].toString().quoted()} at $at, which is none of A-Z, a-z, 0-9, _ and -: ${name.quoted()}"
}
