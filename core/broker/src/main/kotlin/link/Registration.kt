package io.hawser.broker.link

import io.hawser.broker.Role
import java.util.UUID
import kotlin.time.Duration

/** What a client is to a broker, and how long it waits for that one's answers. */
internal class Registration(
    val role: Role,
    val channel: UUID,
    val token: ByteArray,
    val capacity: Int,
    val helloTimeout: Duration,
    val pingEvery: Duration,
    val pingTimeout: Duration,
)
