package io.hawser.benchmarks

import io.hawser.benchmarks.server.Contestant
import io.hawser.benchmarks.workload.Echo
import io.hawser.benchmarks.workload.Workload
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** What to compare, on which work, for how long. */
internal class Options private constructor(given: Map<String, String>) {
    val workload: Workload = given["workload"]?.let { byName("workload", it, Workload.all, Workload::name) } ?: Echo
    val connections: Int = given.positive("connections") ?: workload.connections
    val bytes: Int = given.positive("bytes") ?: workload.bytes
    val rounds: Int = given.positive("rounds") ?: 9
    val duration: Duration = given.seconds("seconds") ?: 2.seconds
    val warmup: Duration = given.seconds("warmup") ?: 1.seconds

    /** Threads of the load generator. With fewer than cores it is the load that is measured: a fast server waits for it. */
    val threads: Int = given.positive("threads") ?: Runtime.getRuntime().availableProcessors()

    /** The first is the one that the others are compared with. */
    val servers: List<Contestant> =
        given["servers"]?.split(',')?.distinct()?.map { byName("server", it, Contestant.all, Contestant::name) } ?: Contestant.all

    /** Flags that every server in a JVM is started with. */
    val jvm: List<String> = (given["jvm"] ?: "-Xmx512m -XX:+UseG1GC").split(' ').filter(String::isNotEmpty)

    init {
        require(duration.isPositive()) { "--seconds is not positive: $duration" }
    }

    override fun toString(): String = "${workload.name}: connections $connections, bytes $bytes, rounds $rounds of $duration " +
        "after $warmup, load threads $threads, cores ${Runtime.getRuntime().availableProcessors()}, " +
        "Java ${Runtime.version()}, flags ${jvm.joinToString(" ")}"

    companion object {
        private val names =
            setOf("workload", "connections", "bytes", "rounds", "seconds", "warmup", "threads", "servers", "jvm")

        val HELP: String = """
            java -jar benchmarks.jar [options]
              --workload ${Workload.all.joinToString("|", transform = Workload::name)}   default ${Echo.name}
              --connections N   default ${Workload.all.joinToString { "${it.name} ${it.connections}" }}
              --bytes N         default ${Workload.all.joinToString { "${it.name} ${it.bytes}" }}
              --rounds N        rounds that count, after one that does not; default 9
              --seconds S       measured time of a server in a round; default 2
              --warmup S        time under load before that; default 1
              --threads N       threads of the load generator; default the number of cores
              --servers A,B     default all, the first is compared with the others: ${Contestant.all.joinToString(
            ",",
            transform = Contestant::name,
        )}
              --jvm "FLAGS"     flags of every server in a JVM; default "-Xmx512m -XX:+UseG1GC"
        """.trimIndent()

        /** @throws IllegalArgumentException naming the option that is unknown or has a wrong value. */
        fun parse(words: List<String>): Options {
            val given = words.chunked(2).associate { pair ->
                val name = pair[0].removePrefix("--")
                require(pair[0].startsWith("--") && name in names) { "unknown option: ${pair[0]}" }
                name to requireNotNull(pair.getOrNull(1)) { "${pair[0]} has no value" }
            }
            return Options(given)
        }

        private fun <T> byName(kind: String, wanted: String, all: List<T>, name: (T) -> String): T =
            requireNotNull(all.find { name(it) == wanted }) { "unknown $kind: $wanted (there are ${all.joinToString(transform = name)})" }

        private fun Map<String, String>.positive(name: String): Int? = get(name)?.let { text ->
            requireNotNull(text.toIntOrNull()?.takeIf { it > 0 }) { "--$name is not a positive number: $text" }
        }

        private fun Map<String, String>.seconds(name: String): Duration? = get(name)?.let { text ->
            requireNotNull(
                text.toDoubleOrNull()?.takeIf {
                    it in 0.0..3_600.0
                },
            ) { "--$name is not a number of seconds up to an hour: $text" }
        }?.seconds
    }
}
