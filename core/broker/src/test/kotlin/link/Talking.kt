package io.hawser.broker.link

import io.hawser.Connection
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.FrameParser
import io.hawser.broker.wire.Side
import io.hawser.testkit.VirtualTime
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.supervisorScope

/** Runs [test] with both ends of a connection, and the conversation of a client over the near one, to be run once. */
internal suspend fun VirtualTime.talking(
    pauses: Boolean = false,
    pingEvery: Duration = 15.seconds,
    outbound: Outbound = Outbound(Side.CLIENT),
    test: suspend VirtualTime.(near: Connection, far: Connection, talk: suspend ((Frame) -> Unit) -> Unit) -> Unit,
) {
    val (near, far) = pair()
    val parser = FrameParser(Side.BROKER, near.endpoint) { outbound.lastOpened }
    val conversation = Conversation(near, outbound, parser, pingEvery, pingTimeout = 5.seconds, pauses)
    near.use { far.use { supervisorScope { test(near, far) { hear -> conversation.run(hear = hear) } } } }
}
