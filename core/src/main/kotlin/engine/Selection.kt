package io.hawser.engine

import java.net.SocketException
import java.nio.channels.SelectionKey
import java.nio.channels.Selector

/**
 * Asks [selector] which of its keys are ready.
 *
 * The JDK's own are asked with a consumer, which takes no copy. Another provider's inherit that method, which holds the selector's monitor
 * while it sleeps, so that whoever closes a channel would wait for it; they are asked for their set of keys. Those of junixsocket 2.11.1
 * moreover do not wait at all if told to wait for 0 ms, and throw when a signal comes.
 */
internal class Selection(private val selector: Selector) {
    private val isJdk = selector.javaClass.module === Selector::class.java.module

    /**
     * Whether a key may stay that nobody waits with. A selector that is a plain poll finds one whose peer has gone ready for ever, whatever
     * it is interested in.
     */
    val keepsIdleKeys: Boolean get() = isJdk

    /** Returns at once. */
    fun now(ready: ReadyKeys) {
        if (isJdk) selector.selectNow(ready) else collect(ready) { selector.selectNow() }
    }

    /** Waits for a key that is ready, a wake-up, or the end of [millis], where 0 has none. */
    fun await(ready: ReadyKeys, millis: Long) {
        if (isJdk) selector.select(ready, millis) else collect(ready) { if (millis == 0L) selector.select() else selector.select(millis) }
    }

    private inline fun collect(ready: ReadyKeys, select: () -> Int) {
        try {
            select()
        } catch (e: SocketException) {
            // EINTR.
            if (e.message?.contains("interrupted system call", ignoreCase = true) != true) throw e
            return
        }
        val keys: MutableSet<SelectionKey> = selector.selectedKeys()
        if (keys.isEmpty()) return
        keys.forEach(ready::accept)
        keys.clear()
    }
}
