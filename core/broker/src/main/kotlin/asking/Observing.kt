@file:OptIn(ExperimentalHawserApi::class)

package io.hawser.broker.asking

import io.hawser.ExperimentalHawserApi
import io.hawser.broker.Body
import io.hawser.broker.ObservedRequest
import io.hawser.broker.wire.HeaderBlock
import org.slf4j.LoggerFactory

private val log = LoggerFactory.getLogger(ObservedRequest::class.java)

/** With the headers that it wants instead of [given], unless there is no form for those. */
internal fun ObservedRequest.question(body: Body, given: Map<String, String>, flags: Int): Question {
    val wanted = headers
    val own = given.filter { (name, value) -> wanted[name] == value }
    return try {
        Question(body, HeaderBlock.of(wanted), flags, own)
    } catch (_: IllegalArgumentException) {
        Question(body, HeaderBlock.of(own), flags).also { headersLeftOut() }
    }
}

/** It has ended, with a reply: that is no less there if it throws. */
internal fun ObservedRequest.endedWell() {
    try {
        ended(null)
    } catch (e: Throwable) {
        log.error("an observer of requests has failed", e)
    }
}

/** What [tell] throws is suppressed in this one, which is thrown anyway. */
internal inline fun Throwable.andOf(tell: () -> Unit) {
    try {
        tell()
    } catch (e: Throwable) {
        if (e !== this) addSuppressed(e)
    }
}
