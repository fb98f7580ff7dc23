package io.hawser.opentelemetry

import io.opentelemetry.context.Context
import io.opentelemetry.context.propagation.TextMapGetter
import io.opentelemetry.context.propagation.TextMapPropagator
import io.opentelemetry.context.propagation.TextMapSetter

/** The headers of a request as propagators read and write them. Their names come from anywhere, and are read in small and capital letters. */
internal object Headers : TextMapGetter<Map<String, String>>, TextMapSetter<MutableMap<String, String>> {
    @Suppress("OVERRIDE_DEPRECATION")
    override fun keys(carrier: Map<String, String>): Iterable<String> = carrier.keys

    override fun get(carrier: Map<String, String>?, key: String): String? =
        carrier?.let { it[key] ?: it.entries.firstOrNull { (name, _) -> name.equals(key, ignoreCase = true) }?.value }

    override fun set(carrier: MutableMap<String, String>?, key: String, value: String) {
        carrier?.put(key, value)
    }
}

/** [headers] with [context], in place of any other that they came with. */
internal fun TextMapPropagator.carry(context: Context, headers: Map<String, String>): Map<String, String> {
    val carried = headers.toMutableMap()
    val own = fields()
    carried.keys.removeAll { name -> own.any { it.equals(name, ignoreCase = true) } }
    inject(context, carried, Headers)
    return carried
}
