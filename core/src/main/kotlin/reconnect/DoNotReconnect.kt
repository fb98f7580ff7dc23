package io.hawser.reconnect

/**
 * Thrown by a session or a hook of a [ReconnectingClient] to stop it for good, also from within other failures, as their cause or
 * suppressed. It is no failure itself: the link has stopped because of [cause], or because it was told to if that is null.
 */
public class DoNotReconnect @JvmOverloads constructor(
    message: String = "the link is not to be connected again",
    cause: Throwable? = null,
) : Exception(message, cause)

/** The first one in this failure, wherever it is; one that only has another as its cause is a copy that coroutines have made of that. */
internal fun Throwable.doNotReconnect(): DoNotReconnect? {
    val seen = mutableSetOf<Throwable>()
    val left = ArrayDeque(listOf(this))
    while (left.isNotEmpty()) {
        val next = left.removeFirst()
        if (next is DoNotReconnect) return generateSequence(next) { it.cause as? DoNotReconnect }.takeWhile(seen::add).last()
        if (!seen.add(next)) continue
        next.cause?.let(left::addLast)
        next.suppressed.forEach(left::addLast)
    }
    return null
}
