package io.hawser.benchmarks

import io.hawser.benchmarks.benchmark.Measure
import io.hawser.benchmarks.server.Contestant

/**
 * Measures every contestant once a round, one after another (A B C A B C …), so that whatever else the machine does meets all of
 * them alike. With [warmUp] there is a round more before the others, in which the servers get warm, and which is not kept.
 *
 * A server that fails, in whatever way, is out from then on, and has no figures at all. What [checkOpen] throws ends it all.
 */
internal fun compare(
    contestants: List<Contestant>,
    measures: List<Measure>,
    rounds: Int,
    warmUp: Boolean,
    checkOpen: () -> Unit = {},
    measure: (round: Int, Contestant) -> Figures,
): Comparison {
    val kept = contestants.associateTo(LinkedHashMap()) { it.name to mutableListOf<Figures>() }
    val failed = LinkedHashMap<String, String>()
    for (round in (if (warmUp) 0 else 1)..rounds) {
        if (failed.size == contestants.size) break
        print(if (round == 0) "warm-up " else "round %-2d".format(round))
        for (contestant in contestants) {
            if (contestant.name in failed) continue
            try {
                val figures = measure(round, contestant)
                if (round > 0) kept.getValue(contestant.name) += figures
                print("  ${contestant.name} ${measures.first().of(figures)?.let(measures.first()::format)}")
            } catch (e: Exception) {
                checkOpen()
                failed[contestant.name] = e.message ?: "$e"
                print("  ${contestant.name} failed")
            }
            System.out.flush()
        }
        println()
    }
    return Comparison(measures, kept - failed.keys, failed)
}
