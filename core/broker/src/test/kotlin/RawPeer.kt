package io.hawser.broker

import io.hawser.Connection
import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.FrameParser
import io.hawser.broker.wire.FrameWriter
import io.hawser.broker.wire.HeaderBlock
import io.hawser.broker.wire.Side
import io.hawser.testkit.VirtualTime
import java.nio.ByteBuffer
import java.util.UUID

/** A client of a broker that says and hears frames as the test tells it. */
internal class RawPeer(val connection: Connection) {
    private val heard = ArrayDeque<Frame>()
    private val buffer = ByteBuffer.allocate(256 * 1024)
    private var opened = 0L

    /** Whether it answers pings by itself, and never tells of them. */
    var lives = true
    private val parser = FrameParser(Side.BROKER, connection.endpoint) { opened }

    suspend fun say(vararg frames: Frame) {
        frames.forEach { if (it is Frame.Start) opened = maxOf(opened, it.id) }
        connection.write(FrameWriter.encode(frames.asList()))
    }

    /** The next frame, or null at the end. */
    suspend fun hear(): Frame? {
        while (true) {
            val next = heard.removeFirstOrNull()
            if (next is Frame.Ping && lives) {
                say(Frame.Pong(next.content))
            } else if (next != null) {
                return next
            }
            if (heard.isNotEmpty()) continue
            if (connection.read(buffer.clear()) < 0) return null
            val bytes = ByteArray(buffer.flip().remaining()).also { buffer.get(it) }
            parser.feed(bytes) { heard.addLast(it) }
        }
    }

    suspend inline fun <reified T : Frame> expect(): T = hear().let { it as? T ?: throw AssertionError("$it is no ${T::class.simpleName}") }

    suspend fun expectError(code: Code): Frame.Error = expect<Frame.Error>().also {
        if (it.code != code.number || it.flags != 0) throw AssertionError("${Code.of(it.code)} (${it.flags}) is not $code: ${it.text}")
    }

    /** Is told to go away for [code], and that is all it hears from then on. */
    suspend fun expectViolation(code: Code) {
        var frame = hear()
        while (frame !is Frame.GoAway) frame = frame?.let { hear() } ?: throw AssertionError("no GOAWAY $code")
        if (frame.code != code.number) throw AssertionError("GOAWAY ${frame.code}, and not $code: ${frame.text}")
        check(hear() == null) { "something behind GOAWAY" }
    }

    suspend fun greet(): Frame.BrokerHello {
        say(Frame.ClientHello(1, 1, HeaderBlock.EMPTY))
        return expect()
    }

    suspend fun register(role: Role, channel: UUID, handle: Long = 1, capacity: Int = 16): Frame.Registered {
        say(Frame.Register(handle, role, channel, if (role == Role.PROVIDER) capacity else 0, ByteArray(0)))
        return expect()
    }

    /** Asks [body], as the request [id]. */
    suspend fun ask(id: Long, body: String, flags: Int = Frame.WHOLE, timeoutMs: Long = 0, handle: Long = 1) {
        say(Frame.Start(id, flags, handle, timeoutMs, HeaderBlock.EMPTY, io.hawser.broker.wire.body(body)))
    }

    suspend fun answer(id: Long, body: String, flags: Int = Frame.WHOLE) {
        say(Frame.Reply(id, flags, HeaderBlock.EMPTY, io.hawser.broker.wire.body(body)))
    }
}

internal val Frame.text: String get() = body.duplicate().let { bytes ->
    ByteArray(bytes.remaining()).also { bytes.get(it) }
}.decodeToString()

/** Runs [block] with a peer of [broker] that has greeted it. */
internal suspend fun <R> VirtualTime.greeted(broker: Broker, block: suspend (RawPeer) -> R): R =
    client(broker.handle).connect { connection ->
        RawPeer(connection).let {
            it.greet()
            block(it)
        }
    }

internal suspend fun <R> VirtualTime.provider(broker: Broker, channel: UUID, capacity: Int = 16, block: suspend (RawPeer) -> R): R =
    greeted(broker) {
        it.register(Role.PROVIDER, channel, capacity = capacity)
        block(it)
    }

internal suspend fun <R> VirtualTime.consumer(broker: Broker, channel: UUID, block: suspend (RawPeer) -> R): R = greeted(broker) {
    it.register(Role.CONSUMER, channel)
    block(it)
}
