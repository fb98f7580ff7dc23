package io.hawser.config.reading

import io.hawser.Endpoint
import io.hawser.settings.Kind
import io.hawser.settings.Refused
import io.hawser.settings.SettingsApi
import io.hawser.settings.TextKind

/** An endpoint, or one for each port of a range: `tcp://127.0.0.1:9000-9100`. */
internal class Places private constructor(private val text: String, val endpoints: List<Endpoint>) {
    val first: Endpoint get() = endpoints.first()
    val isRange: Boolean get() = endpoints.size > 1

    override fun toString(): String = text

    @SettingsApi
    companion object {
        private const val LAST_PORT = 65_535
        private val range = Regex("""(.*:)(\d{1,5})-(\d{1,5})""")

        val kind: Kind<Places> =
            TextKind("an endpoint such as tcp://127.0.0.1:9000, with a range of ports 9000-9100 or unix:/run/app.sock", Places::toString) {
                    text,
                    _,
                ->
                of(text)
            }

        private fun of(text: String): Places {
            val match = range.matchEntire(text) ?: return Endpoint.parse(text).let { Places("$it", listOf(it)) }
            val (place, from, to) = match.destructured
            val first = Endpoint.parse(place + from) as? Endpoint.Inet ?: return Places(text, listOf(Endpoint.parse(text)))
            val ports = from.toInt()..to.toInt()
            if (ports.isEmpty()) throw Refused("the first port is over the last: $from-$to")
            if (ports.first < 1 || ports.last > LAST_PORT) throw Refused("the ports are not in 1..$LAST_PORT: $from-$to")
            if (first.isDatagram && ports.first < ports.last) throw Refused("a range of ports is for streams")
            return Places(
                if (ports.first ==
                    ports.last
                ) {
                    "$first"
                } else {
                    "$first-$to"
                },
                ports.map { Endpoint.Inet(first.scheme, first.host, it) },
            )
        }
    }
}
