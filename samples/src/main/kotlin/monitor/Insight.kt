package io.hawser.samples.monitor

/** What a program that serves has to tell beside what every server has. Asked once a second, by one coroutine. */
internal fun interface Insight {
    fun look(): Facts
}

/** What there is and has been, in the words of a [Snapshot]. */
internal class Facts(
    val now: Map<String, Long> = emptyMap(),
    val totals: Map<String, Long> = emptyMap(),
    val delays: Map<String, Quantiles> = emptyMap(),
    val channels: List<BusyChannel> = emptyList(),
)
