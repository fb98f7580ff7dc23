package io.hawser.samples.readme.modules

import io.hawser.Hawser
import io.hawser.config.HawserConfig
import io.hawser.copyTo
import java.nio.file.Path
import kotlinx.coroutines.coroutineScope

suspend fun main(args: Array<String>): Unit = coroutineScope {
    val config = HawserConfig.load(Path.of(args.firstOrNull() ?: "hawser.toml"))
    val server = config.server("api").start(this) { connection -> connection.copyTo(connection) }
    server.use {
        Hawser.streamClient(server.endpoint).connect { connection ->
            connection.writeLine("at most ${server.options.maxConnections} connections")
            println(connection.readLine())
        }
    }
}
