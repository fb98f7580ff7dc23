package io.hawser.broker.asking

import io.hawser.broker.Body
import io.hawser.broker.wire.HeaderBlock

/** What is asked, in however many attempts: [flags] are those of START, but for WHOLE. */
internal class Question(val body: Body, val headers: HeaderBlock, val flags: Int)
