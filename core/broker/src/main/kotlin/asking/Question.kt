package io.hawser.broker.asking

import io.hawser.broker.Body
import io.hawser.broker.wire.HeaderBlock

/** What is asked, in however many attempts: [flags] are those of START, but for WHOLE. */
internal class Question(val body: Body, val headers: HeaderBlock, val flags: Int, private val own: Map<String, String>? = null) {
    /** The same without what an observer has put into its headers, or null if none has. */
    fun bare(): Question? = own?.let { Question(body, HeaderBlock.of(it), flags) }
}
