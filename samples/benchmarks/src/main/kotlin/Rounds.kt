package io.hawser.benchmarks

/**
 * Puts every server under load once a round, one after another (A B C A B C …), so that whatever else the machine does meets all of
 * them alike. The first round, in which the servers get warm, is not kept.
 *
 * A server that fails under load is out from then on, and has no figures at all.
 */
internal fun measure(servers: List<Server>, load: Load, options: Options): Comparison {
    val kept = servers.associateTo(LinkedHashMap()) { it.name to mutableListOf<Figures>() }
    val failed = LinkedHashMap<String, String>()
    for (round in 0..options.rounds) {
        if (failed.size == servers.size) break
        print(if (round == 0) "warm-up " else "round %-2d".format(round))
        for (server in servers) {
            if (server.name in failed) continue
            try {
                val figures = load.on(server)
                if (round > 0) kept.getValue(server.name) += figures
                print("  ${server.name} ${options.workload.measures.first().format(figures)}")
            } catch (e: LoadFailed) {
                failed[server.name] = e.message
                print("  ${server.name} failed")
            }
            System.out.flush()
        }
        println()
    }
    return Comparison(options.workload.measures, kept - failed.keys, failed)
}
