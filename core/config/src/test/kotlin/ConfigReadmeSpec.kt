package io.hawser.config

import io.hawser.RunningServer
import io.hawser.copyTo
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.io.File
import java.nio.file.Path
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope

/** What the module's page shows does what it says. */
class ConfigReadmeSpec : StringSpec({
    extension(LeakCheck)

    val page = File("README.md").readText()

    "every problem stands in the table" {
        val inTable = Regex("""(?m)^\| `([A-Z]\w+)` \|""").findAll(page).map { it.groupValues[1] }.toSet()
        inTable shouldBe ConfigProblem::class.sealedSubclasses.map { it.simpleName }.toSet()
    }

    "the file of the page serves" {
        val toml = checkNotNull(Regex("```toml\n(.*?)```", RegexOption.DOT_MATCHES_ALL).find(page)).groupValues[1]
        coroutineScope {
            val (server, watch) = serving(file(toml), this)
            watch.config.value.link("db").resetAfter shouldBe 1.seconds
            Tcp.client("127.0.0.1", server.port).connect {
                it.writeLine("hello")
                it.readLine() shouldBe "hello"
            }
            watch.close()
            server.close()
            coroutineContext.cancelChildren()
        }
    }
})

private suspend fun serving(path: Path, scope: CoroutineScope): Pair<RunningServer, ConfigWatch> {
    val config = HawserConfig.load(path)
    val server = config.server("api").start(scope) { connection -> connection.copyTo(connection) }
    val watch = config.watch(scope)
    return server to watch
}
