package io.hawser.benchmarks

import io.hawser.benchmarks.benchmark.Benchmark
import io.hawser.benchmarks.server.Contestant
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** What to measure, against whom, for how long; [words] is how it was said. */
internal class Options private constructor(val words: List<String>, names: List<String>, given: Map<String, String>, val quick: Boolean) {
    val benchmarks: List<Benchmark> =
        if (names.isEmpty()) Benchmark.all else names.map { byName("benchmark", it, Benchmark.all, Benchmark::name) }.distinct()

    /** Instead of what the cases of a benchmark say. */
    val connections: Int? = given.positive("connections")
    val bytes: Int? = given.positive("bytes")
    val rate: Int? = given.positive("rate")

    val rounds: Int = given.positive("rounds") ?: if (quick) 1 else 9
    val duration: Duration = given.seconds("seconds") ?: if (quick) 0.3.seconds else 0.5.seconds
    val warmup: Duration = given.seconds("warmup") ?: 0.2.seconds

    /** The same for a server that has just been started. */
    val firstWarmup: Duration = if (quick) warmup else maxOf(warmup, 3.seconds)

    /** Threads of the load generator. With fewer than cores it is the load that is measured: a fast server waits for it. */
    val threads: Int = given.positive("threads") ?: minOf(Runtime.getRuntime().availableProcessors(), MOST_THREADS)

    /** The first of those that take part in a benchmark is the one that the others are compared with. */
    val servers: List<Contestant> =
        given["servers"]?.split(',')?.distinct()?.flatMap { wanted ->
            Contestant.all.filter { it.name == wanted }.ifEmpty {
                throw IllegalArgumentException("unknown server: $wanted (there are ${serverNames.joinToString()})")
            }
        } ?: Contestant.all

    /** Flags that every server in a JVM is started with. */
    val jvm: List<String> = (given["jvm"] ?: "-Xmx512m -XX:+UseG1GC").split(' ').filter(String::isNotEmpty)

    /** Whether this is the run whose results are kept: anything else would replace them with less. */
    val isComplete: Boolean = words.isEmpty()

    init {
        require(threads <= MOST_THREADS) { "--threads is more than $MOST_THREADS: $threads" }
        require(duration.isPositive()) { "--seconds is not positive: $duration" }
    }

    companion object {
        /** The load generator has no more. */
        private const val MOST_THREADS = 64

        private val names = setOf("connections", "bytes", "rate", "rounds", "seconds", "warmup", "threads", "servers", "jvm")

        private val serverNames: List<String> get() = Contestant.all.map(Contestant::name).distinct()

        val HELP: String
            get() = """
                java -jar benchmarks.jar [options] [benchmark...]

                benchmarks, default all: ${Benchmark.all.joinToString(transform = Benchmark::name)}

                  --quick           less of everything, to see that it works: done in five minutes
                  --servers A,B     default all, the first is compared with the others:
                                    ${serverNames.joinToString(",")}
                  --connections N   instead of what the benchmark has
                  --bytes N         likewise, the size of a message or a write
                  --rate N          likewise, messages per second in all
                  --rounds N        rounds that count; default 9, quick 1
                  --seconds S       measured time of a server in a round; default 0.5, quick 0.3
                  --warmup S        time under load before that; default 0.2
                  --threads N       threads of the load generator; default the number of cores
                  --jvm "FLAGS"     flags of every server in a JVM; default "-Xmx512m -XX:+UseG1GC"

                Without any of these the results go to samples/benchmarks/RESULTS.md, else to samples/benchmarks/target/RESULTS.md.
            """.trimIndent()

        /** @throws IllegalArgumentException naming the option that is unknown or has a wrong value. */
        fun parse(words: List<String>): Options {
            val given = mutableMapOf<String, String>()
            val benchmarks = mutableListOf<String>()
            var quick = false
            val rest = words.iterator()
            while (rest.hasNext()) {
                val word = rest.next()
                val name = word.removePrefix("--")
                when {
                    name == word -> benchmarks += word
                    name == "quick" -> quick = true
                    name !in names -> throw IllegalArgumentException("unknown option: $word")
                    !rest.hasNext() -> throw IllegalArgumentException("$word has no value")
                    else -> given[name] = rest.next()
                }
            }
            return Options(words, benchmarks, given, quick)
        }

        private fun <T> byName(kind: String, wanted: String, all: List<T>, name: (T) -> String): T =
            requireNotNull(all.find { name(it) == wanted }) { "unknown $kind: $wanted (there are ${all.joinToString(transform = name)})" }

        private fun Map<String, String>.positive(name: String): Int? = get(name)?.let { text ->
            requireNotNull(text.toIntOrNull()?.takeIf { it > 0 }) { "--$name is not a positive number: $text" }
        }

        private fun Map<String, String>.seconds(name: String): Duration? = get(name)?.let { text ->
            val seconds = text.toDoubleOrNull()?.takeIf { it in 0.0..3_600.0 }
            requireNotNull(seconds) { "--$name is not a number of seconds up to an hour: $text" }.seconds
        }
    }
}
