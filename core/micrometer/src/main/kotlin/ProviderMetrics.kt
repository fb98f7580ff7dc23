package io.hawser.micrometer

import io.hawser.broker.Provider
import io.micrometer.core.instrument.Tag
import io.micrometer.core.instrument.Tags

/** What [provider], whose channel is called [name], has to answer, looked at when the registry is: `hawser.broker.provider.*`. */
public class ProviderMetrics @JvmOverloads constructor(
    private val provider: Provider,
    name: String = "${provider.channel}",
    tags: Iterable<Tag> = emptyList(),
) : HawserMetrics(tagsOf(provider.endpoint, Tags.of("channel", name).and(tags))) {
    override fun Meters.register() {
        gauge("hawser.broker.provider.registered", provider, null, "Whether the broker has it among those who answer: 1 or 0") {
            it.isRegistered.value.asNumber()
        }
        gauge("hawser.broker.provider.active", provider, "requests", "Requests that have come and are not over") { it.inFlight }
        counter("hawser.broker.provider.late", provider, "frames", "Frames of requests that were over") { it.lateFrames }
    }

    override suspend fun watch(): Unit = provider.join()
}
