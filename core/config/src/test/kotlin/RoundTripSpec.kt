package io.hawser.config

import io.hawser.config.reading.Providers
import io.hawser.config.reading.Shape
import io.hawser.settings.Entry
import io.hawser.settings.Group
import io.hawser.settings.Kind
import io.hawser.settings.Raw
import io.hawser.settings.Setting
import io.hawser.settings.SettingsApi
import io.hawser.settings.Surroundings
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import java.net.NetworkInterface
import kotlin.random.Random

/** What is printed means the same when it is loaded again. */
@OptIn(SettingsApi::class)
class RoundTripSpec : StringSpec({
    "what is printed is what was loaded, for every setting with values of chance" {
        val chance = Random(SEED)
        var settings = 0
        repeat(ROUNDS) { round ->
            for ((head, entries) in tables()) {
                var lines = mutableListOf<String>()
                var first: HawserConfig? = null
                var tries = 0
                while (first == null) {
                    // The more settings there are, the more of them contradict each other.
                    val share = SHARE / ++tries
                    tries shouldBeLessThan 50
                    lines = mutableListOf()
                    val count = write(entries, head, chance, share, lines)
                    withClue("try $tries in round $round of $SEED:\n${lines.joinToString("\n")}") { first = consistent(lines, head) }
                    if (first != null) settings += count
                }
                val text = lines.joinToString("\n", companions(head))
                withClue("round $round of $SEED:\n$text") {
                    val first = checkNotNull(first)
                    val printed = first.describe()
                    val second = config(printed)
                    second.values shouldBe first.values
                    config(second.describe()).describe().withoutOrigins() shouldBe printed.withoutOrigins()
                    for (name in first.names("server").filter { first.endpoint("server", it).isDatagram.not() }) {
                        "${second.server(name).options}".neutral() shouldBe "${first.server(name).options}".neutral()
                    }
                }
            }
        }
        settings shouldBeGreaterThan 75
    }

    "secrets are never shown, but where they are" {
        val config = config(
            """
            [consumer.x]
            client = "db"
            channel = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
            token = "env:TOKEN"
            [client.db]
            endpoint = "memory:db"
            """,
            mapOf("TOKEN" to "hunter2"),
        )
        config.describe() shouldContain "token = \"env:TOKEN\" # "
        config.describe() shouldNotContain "hunter2"
    }
})

private const val SEED = 20_261_122
private const val ROUNDS = 1
private const val SHARE = 0.7

@SettingsApi
private fun tables(): List<Pair<List<String>, List<Entry<*>>>> {
    val providers = Providers.now()
    return Shape.all.map { listOf(it.word, if (it.isDatagram) "grams" else "streams") to it.entries(providers.extensions) } +
        providers.sections.map { listOf(it.name, "x") to it.schema.entries }
}

/** What a table cannot be without. */
private fun companions(head: List<String>): String = when (head) {
    listOf("server", "streams"), listOf("client", "streams") -> ""
    listOf("server", "grams"), listOf("client", "grams") -> ""
    else -> "[server.x]\nendpoint = \"memory:x\"\n[client.x]\nendpoint = \"memory:x\"\n"
}

/** What [lines] come to, or null if they contradict each other; they are wrong in no other way. */
private fun consistent(lines: List<String>, head: List<String>): HawserConfig? = try {
    config(lines.joinToString("\n", companions(head)))
} catch (e: InvalidConfiguration) {
    withClue(e.problems) { e.problems.filter { it !is ConfigProblem.Contradiction } shouldBe emptyList() }
    null
}

/** Writes a [share] of [entries], and returns how many settings. */
@SettingsApi
private fun write(entries: List<Entry<*>>, path: List<String>, chance: Random, share: Double, lines: MutableList<String>): Int {
    var count = 0
    lines += "[${path.joinToString(".")}]"
    if (path == listOf("server", "streams") || path == listOf("client", "streams")) lines += "endpoint = \"unix:/tmp/x.sock\""
    if (path == listOf("server", "grams") || path == listOf("client", "grams")) lines += "endpoint = \"unixgram:/tmp/x.sock\""
    for (entry in entries) {
        if (entry !is Setting<*, *> || (entry.name !in needed && chance.nextDouble() > share)) continue
        val value = value(entry.kind, entry.name, chance) ?: continue
        lines += "${entry.name} = $value"
        count++
    }
    for (entry in entries) {
        if (entry is Group<*, *> && entry.name != "tls" &&
            chance.nextDouble() < share
        ) {
            count += write(entry.schema.entries, path + entry.name, chance, share, lines)
        }
    }
    return count
}

private val anInterface = NetworkInterface.networkInterfaces().findFirst().get().name
private val needed = setOf("channel")

/** Of values that might be, one that is. */
@SettingsApi
private fun <T> value(kind: Kind<T>, name: String, chance: Random): Raw? {
    if (name in setOf("server", "client")) return null
    val candidates = listOf(
        Raw.Text("${chance.nextInt(1, 100)}s"),
        Raw.Text("${chance.nextInt(1, 100)}m${chance.nextInt(1, 999)}ms"),
        Raw.Whole(chance.nextLong(0, 200)),
        Raw.Whole(chance.nextLong(1024, 1_000_000)),
        Raw.Text("${chance.nextInt(16, 512)}KiB"),
        Raw.Text("${chance.nextInt(1, 50)}MB/s"),
        Raw.Real(chance.nextInt(10, 30) / 10.0),
        Raw.Flag(chance.nextBoolean()),
        Raw.Many(listOf(Raw.Text("10.${chance.nextInt(256)}.0.0/16"), Raw.Text("2001:db8::/32"))),
        Raw.Text("none"),
        Raw.Text("system"),
        Raw.Text("0s"),
        Raw.Text("0${chance.nextInt(8)}${chance.nextInt(8)}${chance.nextInt(8)}"),
        Raw.Text("ipv4"),
        Raw.Text(anInterface),
        Raw.Text("Europe/Zurich"),
        Raw.Text("6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
        Raw.Text("9000-${chance.nextInt(9000, 9999)}"),
    ) + kind.allowed.split(" or ", ", ").map { Raw.Text(it) }
    return candidates.shuffled(chance).firstOrNull { raw -> runCatching { kind.read(raw, Surroundings(null, emptyMap())) }.isSuccess }
}

private fun String.withoutOrigins(): String = lines().joinToString("\n") { it.substringBeforeLast(" # ") }

/** Without what is an object, and has another name each time. */
private fun String.neutral(): String = replace(Regex("@[0-9a-f]+"), "")
