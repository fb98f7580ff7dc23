@file:OptIn(SettingsApi::class)

package io.hawser.settings

import io.hawser.reconnect.CircuitBreakerOptions
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.OutboxOptions
import io.hawser.reconnect.PoolOptions
import kotlin.time.Duration

private val outboxSchema: Schema<OutboxOptions.Builder> = schema {
    setting(OutboxOptions.Builder::maxMessages, Kinds.count, "messages that are kept")
    setting(OutboxOptions.Builder::maxBytes, Kinds.size, "bytes of them together")
    setting(OutboxOptions.Builder::whenFull, Kinds.enum(), "what happens to those over either")
}

internal val linkSchema: Schema<LinkOptions.Builder> = schema {
    setting(
        LinkOptions.Builder::resetAfter,
        Kinds.durationOrZero.or("none", Duration.INFINITE),
        "a session as long makes failures count from one",
    )
    setting(LinkOptions.Builder::dialTimeout, Kinds.timeout, "in place of the default of `connect-timeout`")
    setting(LinkOptions.Builder::handshakeTimeout, Kinds.timeout, "in place of the default of the client's; hooks have as long")
    setting(LinkOptions.Builder::writeTimeout, Kinds.timeout, "in place of the default of the client's")
    setting(LinkOptions.Builder::keepAliveIdle, Kinds.wholeSeconds.orNull("none"), "of TCP, in place of the client's default")
    backoff(LinkOptions.Builder::backoff, "how long to wait after failures")
    group(
        "outbox",
        "what is kept of what is sent while nobody is connected; without this table nothing",
        outboxSchema,
        open = { it.outbox?.opened() },
        fresh = { OutboxOptions.builder() },
        close = { builder, outbox -> builder.outbox = outbox.build() },
    )
    for (hook in listOf("onSocket", "onConnect", "onDisconnect", "onError")) codeOnly(hook, "a hook is code")
}

internal val poolSchema: Schema<PoolOptions.Builder> = schema {
    setting(PoolOptions.Builder::maxConnections, Kinds.count, "at a time, whatever they are doing")
    setting(PoolOptions.Builder::minIdle, Kinds.int(0..Int.MAX_VALUE), "how many are to wait to be borrowed")
    setting(PoolOptions.Builder::borrowTimeout, Kinds.timeout, "for waiting, connecting and checking together")
    setting(PoolOptions.Builder::idleTime, Kinds.timeout, "one that nobody borrowed for as long is closed")
    setting(PoolOptions.Builder::lifetime, Kinds.timeout, "one as old is closed, when nobody has it")
    setting(PoolOptions.Builder::healthTimeout, Kinds.timeout, "what the health check of one connection may take")
    backoff(PoolOptions.Builder::backoff, "how long to wait after failures")
    codeOnly("healthCheck", "a check is code")
}

internal val circuitBreakerSchema: Schema<CircuitBreakerOptions.Builder> = schema {
    setting(CircuitBreakerOptions.Builder::failures, Kinds.count, "in a row, and it opens")
    setting(CircuitBreakerOptions.Builder::openFor, Kinds.duration, "before somebody may try again")
    codeOnly("timeSource", "a clock is an object")
}

private fun OutboxOptions.opened() =
    OutboxOptions.builder().maxMessages(maxMessages).maxBytes(maxBytes).whenFull(whenFull)
