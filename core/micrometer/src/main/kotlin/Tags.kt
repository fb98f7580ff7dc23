package io.hawser.micrometer

import io.hawser.Endpoint
import io.micrometer.core.instrument.Tag
import io.micrometer.core.instrument.Tags

/** The tags of what is at [endpoint], and [more], which win. */
internal fun tagsOf(endpoint: Endpoint, more: Iterable<Tag>): Tags =
    Tags.of("endpoint", "$endpoint", "transport", endpoint.scheme).and(more)

internal fun Boolean.asNumber(): Int = if (this) 1 else 0

/** `TimedOut` as tags have it: `timed_out`. */
internal fun String.asTag(): String = replace(Regex("(?<=[a-z])(?=[A-Z])"), "_").lowercase()
