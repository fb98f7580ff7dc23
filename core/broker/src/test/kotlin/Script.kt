package io.hawser.broker

import io.hawser.Connection
import io.hawser.RunningServer
import io.hawser.broker.link.Membership
import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.FrameParser
import io.hawser.broker.wire.FrameWriter
import io.hawser.broker.wire.HeaderBlock
import io.hawser.broker.wire.Side
import io.hawser.broker.wire.Text
import io.hawser.testkit.VirtualTime
import java.nio.ByteBuffer
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.Channel.Factory.UNLIMITED
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first

/** A broker that does what a test says, to one connection after the other. */
internal class Script private constructor(
    private val time: VirtualTime,
    private val server: RunningServer,
    private val arrivals: Channel<Scripted>,
) : AutoCloseable {
    fun client() = time.client(server)

    /** The next one that connects, to which nothing has been said. */
    suspend fun connected(): Scripted = arrivals.receive()

    /** The next one that connects, once it is registered. */
    suspend fun accept(hello: Frame.BrokerHello = hello()): Scripted = connected().also {
        it.register(hello)
    }

    override fun close() = server.close()

    companion object {
        const val WINDOW = 1000

        suspend operator fun invoke(time: VirtualTime): Script {
            val arrivals = Channel<Scripted>(UNLIMITED)
            val server = time.server().start(time) { connection -> Scripted(connection).also { arrivals.send(it) }.hear() }
            return Script(time, server, arrivals)
        }

        fun hello(window: Int = WINDOW, maxFrame: Int = 16 * 1024, maxHeaders: Int = 1024, version: Int = 1) =
            Frame.BrokerHello(version, maxFrame, maxHeaders, window, 15_000, HeaderBlock.EMPTY)
    }
}

/** One [connection] of a [Script]. */
internal class Scripted(val connection: Connection) {
    private val heard = Channel<Frame>(UNLIMITED)
    private var lastOpened = 0L

    /** While it is, it takes nothing of what comes. */
    val isDeaf = MutableStateFlow(false)

    suspend fun hear() {
        val parser = FrameParser(Side.CLIENT, connection.endpoint) { lastOpened }
        try {
            connection.incoming().collect { bytes ->
                isDeaf.first { !it }
                parser.feed(bytes) { heard.trySend(it) }
            }
            heard.close()
        } catch (e: Throwable) {
            heard.close(e)
        }
    }

    suspend fun say(vararg frames: Frame) {
        for (frame in frames) if (frame is Frame.Start) lastOpened = frame.id
        connection.write(FrameWriter.encode(frames.asList()))
    }

    /** The next frame, or null at the end of the stream. */
    suspend fun next(): Frame? = heard.receiveCatching().run { getOrNull() ?: exceptionOrNull()?.let { throw it } }

    suspend inline fun <reified F : Frame> expect(): F = next().let {
        it as? F
            ?: throw AssertionError("${F::class.simpleName} was to come, not $it")
    }

    /** Whether there is nothing that has come and not been taken. */
    val isQuiet: Boolean get() = heard.isEmpty

    suspend fun register(hello: Frame.BrokerHello = Script.hello(), code: Code = Code.PEACE, text: String = ""): Frame.Register {
        expect<Frame.ClientHello>()
        val register = expect<Frame.Register>()
        say(hello, Frame.Registered(Membership.HANDLE, code.number, Text.of(text)))
        return register
    }

    /** Opens a request to who answers. */
    suspend fun ask(
        id: Long,
        body: ByteBuffer = bytes(""),
        flags: Int = Frame.WHOLE,
        timeoutMs: Long = 5_000,
        headers: HeaderBlock = HeaderBlock.EMPTY,
    ) =
        say(Frame.Start(id, flags, Membership.HANDLE, timeoutMs, headers, body))

    /** Answers the request [id], wholly. */
    suspend fun answer(id: Long, words: String) = say(Frame.Reply(id, Frame.WHOLE, HeaderBlock.EMPTY, bytes(words)))

    suspend fun refuse(id: Long, code: Code, text: String = "") = say(Frame.Error(id, 0, code.number, Text.of(text)))

    suspend fun goAway(code: Code = Code.PEACE, text: String = "") = say(Frame.GoAway(code.number, Text.of(text)))
}

internal fun bytes(words: String): ByteBuffer = ByteBuffer.wrap(words.toByteArray())

internal val ByteBuffer.words: String get() = Charsets.UTF_8.decode(duplicate()).toString()
