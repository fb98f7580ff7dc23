package io.hawser.broker.serving

import io.hawser.broker.BrokerStats
import io.hawser.broker.ChannelStats
import io.hawser.broker.Latency
import io.hawser.broker.routing.ForwardedRequest
import io.hawser.broker.routing.Forwarding
import io.hawser.broker.routing.Replies
import io.hawser.broker.routing.RequestTarget
import io.hawser.broker.routing.RoutingApi
import io.hawser.broker.wire.HeaderBlock
import java.nio.ByteBuffer
import java.util.UUID
import java.util.concurrent.TimeUnit
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.asExecutor

/** Answers whatever is asked with what the broker does: as much of it, of the busiest channels, as fits into a [window]. */
@OptIn(RoutingApi::class)
internal class StatsTarget(private val window: Int, private val stats: () -> BrokerStats) : RequestTarget {
    override val peerId: Long get() = 0
    override val capacity: Int get() = CAPACITY

    override fun forward(request: ForwardedRequest, replies: Replies): Forwarding {
        Dispatchers.Default.asExecutor().execute { answer(replies) }
        return NotRead(replies)
    }

    private fun answer(replies: Replies) {
        val json = try {
            json(stats(), window)
        } catch (e: Throwable) {
            replies.error(0, "the statistics failed")
            throw e
        }
        replies.reply(HeaderBlock.EMPTY.asBuffer(), ByteBuffer.allocate(0), isWhole = false)
        for (from in json.indices step PIECE) replies.chunk(ByteBuffer.wrap(json, from, minOf(PIECE, json.size - from)))
        replies.end(json.size.toLong())
    }

    /** What is asked does not matter: it is taken as it comes, so that who asks can end. */
    private class NotRead(private val replies: Replies) : Forwarding {
        override val opening: Forwarding.Room get() = Forwarding.Room.Taken

        override fun chunk(bytes: ByteBuffer): Forwarding.Room {
            replies.credit(bytes.remaining())
            return Forwarding.Room.Taken
        }

        override fun end(total: Long) {}

        override fun credit(bytes: Int) {}

        override fun cancel(isLate: Boolean) {}
    }

    internal companion object {
        private const val CAPACITY = 64
        private const val PIECE = 8 * 1024

        /** [stats] in at most [limit] bytes of JSON, if that is possible. */
        fun json(stats: BrokerStats, limit: Int): ByteArray {
            var rest = stats.channels.entries.sortedByDescending { it.value.requests }
            while (true) {
                val text = text(stats, rest).encodeToByteArray()
                if (text.size <= limit || rest.isEmpty()) return text
                rest = rest.take(rest.size / 2)
            }
        }

        private fun text(stats: BrokerStats, channels: List<Map.Entry<UUID, ChannelStats>>) = stats.run {
            val outcomes = outcomes.entries.joinToString(",") { (outcome, count) -> "\"${outcome.name.lowercase()}\":$count" }
            val known = channels.joinToString(",") { (id, channel) -> "\n\"$id\":${text(channel)}" }
            """{"since":"$since","peers":$peers,"providers":$providers,"consumers":$consumers,"in_flight":$inFlight,"waiting":$waiting,""" +
                """"bytes":$bytes,"requests":$requests,"outcomes":{$outcomes},"late_frames":$lateFrames,"repeats":$repeats,""" +
                """"refusals":$refusals,"channels":{$known}}"""
        }

        private fun text(channel: ChannelStats) = channel.run {
            """{"providers":$providers,"consumers":$consumers,"in_flight":$inFlight,"waiting":$waiting,"requests":$requests,""" +
                """"answered":${latency.count},"p50_us":${micros(latency) { p50 }},"p90_us":${micros(latency) { p90 }},""" +
                """"p99_us":${micros(latency) { p99 }},"max_us":${micros(latency) { max }}}"""
        }

        private fun micros(latency: Latency, part: Latency.() -> java.time.Duration): Long =
            TimeUnit.NANOSECONDS.toMicros(latency.part().toNanos())
    }
}
