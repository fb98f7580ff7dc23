package io.hawser.broker

/** What [Responder.fail] throws: a handler has failed on purpose, with [code] and [reason]. */
public class AnswerFailed internal constructor(public val code: Int, public val reason: String) :
    RuntimeException(reason, null, false, false)
