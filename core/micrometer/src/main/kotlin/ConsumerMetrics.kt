package io.hawser.micrometer

import io.hawser.Endpoint
import io.hawser.broker.Consumer
import io.hawser.broker.ConsumerPool
import io.micrometer.core.instrument.Tag
import io.micrometer.core.instrument.Tags

/** What a consumer, or a pool of them, asks, looked at when the registry is: `hawser.broker.consumer.*`. */
public class ConsumerMetrics private constructor(
    private val source: Source,
    endpoint: Endpoint,
    name: String,
    tags: Iterable<Tag>,
) : HawserMetrics(tagsOf(endpoint, Tags.of("channel", name).and(tags))) {
    /** Of [consumer], whose channel is called [name]. */
    @JvmOverloads
    public constructor(consumer: Consumer, name: String = "${consumer.channel}", tags: Iterable<Tag> = emptyList()) :
        this(
            Source({ consumer.isRegistered.value.asNumber() }, { consumer.inFlight }, { consumer.lateFrames }, consumer::join),
            consumer.endpoint,
            name,
            tags,
        )

    /** Of [pool], whose channel is called [name]. */
    @JvmOverloads
    public constructor(pool: ConsumerPool, name: String = "${pool.channel}", tags: Iterable<Tag> = emptyList()) :
        this(Source(pool::registered, pool::inFlight, pool::lateFrames, pool::join), pool.endpoint, name, tags)

    private class Source(val registered: () -> Int, val inFlight: () -> Int, val lateFrames: () -> Long, val join: suspend () -> Unit)

    override fun Meters.register() {
        gauge("hawser.broker.consumer.registered", source, "connections", "Connections that take requests") { it.registered() }
        gauge("hawser.broker.consumer.active", source, "requests", "Requests that have been sent and whose replies have not been taken") {
            it.inFlight()
        }
        counter("hawser.broker.consumer.late", source, "frames", "Frames of requests that had ended") { it.lateFrames() }
    }

    override suspend fun watch(): Unit = source.join()
}
