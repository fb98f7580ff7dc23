package io.hawser.engine

import java.nio.channels.CancelledKeyException
import java.nio.channels.SelectionKey
import java.util.function.Consumer
import org.slf4j.LoggerFactory

/** What a selection has found, kept until the selector is through: who is resumed may register and close channels. */
internal class ReadyKeys : Consumer<SelectionKey> {
    private var keys = arrayOfNulls<SelectionKey>(INITIAL_CAPACITY)
    private var count = 0

    val isEmpty: Boolean get() = count == 0

    override fun accept(key: SelectionKey) {
        if (count == keys.size) keys = keys.copyOf(count * 2)
        keys[count++] = key
    }

    /** Resumes who waited for them, and forgets them. Returns whether there were any. */
    fun fire(): Boolean {
        if (isEmpty) return false
        for (i in 0 until count) {
            val key = keys[i] ?: continue
            keys[i] = null
            try {
                (key.attachment() as Readiness).fire(key.readyOps())
            } catch (e: CancelledKeyException) {
                log.trace("closed while it became ready: {}", key, e)
            }
        }
        count = 0
        return true
    }

    private companion object {
        const val INITIAL_CAPACITY = 64
        val log = LoggerFactory.getLogger(ReadyKeys::class.java)
    }
}
