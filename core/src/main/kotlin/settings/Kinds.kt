@file:OptIn(SettingsApi::class)

package io.hawser.settings

import io.hawser.Cidr
import io.hawser.KotlinOnly
import java.net.NetworkInterface
import java.net.ProtocolFamily
import java.net.SocketException
import java.net.StandardProtocolFamily
import java.nio.file.Path
import java.time.DateTimeException
import java.time.ZoneId
import java.util.UUID
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** The kinds of values that most options have. */
@SettingsApi
@KotlinOnly
public object Kinds {
    /** A duration over zero. */
    public val duration: Kind<Duration> = DurationKind(least = Duration.ZERO, isOpen = true)

    /** A duration that may be zero. */
    public val durationOrZero: Kind<Duration> = DurationKind(least = Duration.ZERO, isOpen = false)

    /** A duration over zero, or `none` for an infinite one. */
    public val timeout: Kind<Duration> = duration.or("none", Duration.INFINITE)

    /** Seconds without fractions, as the options of TCP have them. */
    public val wholeSeconds: Kind<Duration> = TextKind("whole seconds from 1s to 32767s", { "${it.inWholeSeconds}s" }) { text, around ->
        val value = duration.read(Raw.Text(text), around)
        if (value.inWholeSeconds !in 1..Short.MAX_VALUE || value != value.inWholeSeconds.seconds) throw Refused(null)
        value
    }

    /** Bytes, at least 1. */
    public val size: Kind<Int> = size(1..Int.MAX_VALUE)

    /** Bytes, at least 1. */
    public val longSize: Kind<Long> = SizeKind(1, Long.MAX_VALUE, "")

    /** Bytes per second, at least 1. */
    public val rate: Kind<Long> = SizeKind(1, Long.MAX_VALUE, "/s")

    /** At least 1. */
    public val count: Kind<Int> = int(1..Int.MAX_VALUE)

    /** At least 1, or `none` for no limit. */
    public val limit: Kind<Int> = count.or("none", Int.MAX_VALUE)

    /** `true` or `false`. */
    public val boolean: Kind<Boolean> = BooleanKind

    /** Any text, an empty one too. */
    public val text: Kind<String> = TextKind("a text", { it }) { text, _ -> text }

    /** A text with something in it. */
    public val name: Kind<String> = TextKind("a text that is not blank", { it }) { text, _ ->
        text.also { if (it.isBlank()) throw Refused(null) }
    }

    /** Any number of texts; in a variable of the environment with commas between them. */
    public val texts: Kind<List<String>> = text.several("a list of texts")

    /** Blocks of internet addresses. */
    public val blocks: Kind<List<String>> = TextKind("", { it }) { block: String, _ -> block.also(Cidr::parse) }
        .several("a list of blocks of addresses such as 10.0.0.0/8")

    /** A path that is not blank, relative to the file that it is written in; nothing need be there. */
    public val path: Kind<Path> = TextKind("a path", Path::toString) { text, around ->
        if (text.isBlank()) throw Refused(null) else around.path(text)
    }

    /** The path of a file whose content matters. */
    public val file: Kind<Path> = TextKind("a path", Path::toString) { text, around ->
        if (text.isBlank()) throw Refused(null) else around.path(text).also(around::reads)
    }

    /** A time zone that the JDK knows. */
    public val zone: Kind<ZoneId> = TextKind("a time zone such as UTC or Europe/Zurich", ZoneId::getId) { text, _ ->
        try {
            ZoneId.of(text)
        } catch (e: DateTimeException) {
            throw Refused(e.message, e)
        }
    }

    /** A UUID in its full form of 36 characters. */
    public val uuid: Kind<UUID> = TextKind("a UUID such as 6ba7b810-9dad-11d1-80b4-00c04fd430c8", UUID::toString) { text, _ ->
        // The JDK takes 1-1-1-1-1 for one.
        UUID.fromString(text).also { if (!"$it".equals(text, ignoreCase = true)) throw Refused(null) }
    }

    /** A version of IP. */
    public val family: Kind<ProtocolFamily> = TextKind("ipv4 or ipv6", {
        if (it ==
            StandardProtocolFamily.INET
        ) {
            IPV4
        } else {
            IPV6
        }
    }) { text, _ ->
        when (text) {
            IPV4 -> StandardProtocolFamily.INET
            IPV6 -> StandardProtocolFamily.INET6
            else -> throw Refused(null)
        }
    }

    /** A network interface that this machine has, by its name. */
    public val networkInterface: Kind<NetworkInterface> = TextKind("the name of a network interface", { it.name }) { text, _ ->
        try {
            NetworkInterface.getByName(text)
                ?: throw Refused("there are ${NetworkInterface.networkInterfaces().map { it.name }.sorted().toList().joinToString()}")
        } catch (e: SocketException) {
            throw Refused("$e", e)
        }
    }

    /** See [Secret]. */
    public val secret: Kind<Secret> = SecretKind

    /** Bytes, as many as [range] allows, with a unit if it likes: `64KiB`. */
    public fun size(range: IntRange): Kind<Int> = IntSizeKind(SizeKind(range.first.toLong(), range.last.toLong(), ""))

    /** Bytes, at least [least], with a unit if it likes: `64KiB`. */
    public fun longSize(least: Long): Kind<Long> = SizeKind(least, Long.MAX_VALUE, "")

    /** A whole number in [range]. */
    public fun int(range: IntRange): Kind<Int> = IntKind(range)

    /** A whole number of at least [least]. */
    public fun long(least: Long): Kind<Long> = LongKind(least)

    /** A number of at least [least]. */
    public fun double(least: Double): Kind<Double> = DoubleKind(least)

    /** One of [values], by its [name]. */
    public fun <E : Any> oneOf(values: List<E>, name: (E) -> String): Kind<E> =
        TextKind(values.joinToString(" or ", transform = name), name) { text, _ ->
            values.find { name(it) == text } ?: throw Refused(null)
        }

    /** A constant of [E] by its name, as `DropOldest` is `drop-oldest`. */
    public inline fun <reified E : Enum<E>> enum(): Kind<E> = oneOf(enumValues<E>().asList()) { kebab(it.name) }

    private const val IPV4 = "ipv4"
    private const val IPV6 = "ipv6"
}

/** `DropOldest` and `dropOldest` as `drop-oldest`. */
@SettingsApi
public fun kebab(name: String): String = name.replace(Regex("(?<=[a-z0-9])[A-Z]")) { "-${it.value}" }.lowercase()
