package io.hawser.config

import io.hawser.RunningServer
import io.hawser.copyTo
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.io.File
import java.nio.file.Path
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope

/** What the module's page shows is compiled, word by word, and does what it says. */
class ConfigReadmeSpec : StringSpec({
    extension(LeakCheck)

    val page = File("README.md").readText()

    "every piece of Kotlin and Java stands in a source that is compiled" {
        val pieces = Regex("```(kotlin|java)\n(.*?)```", RegexOption.DOT_MATCHES_ALL).findAll(page).toList()
        val sources = File("src").walk().filter { it.extension == "kt" || it.extension == "java" }.map { it.readText().words() }.toList()
        pieces.size shouldBeGreaterThan 1
        for (piece in pieces) withClue(piece.groupValues[2]) { sources.any { piece.groupValues[2].words() in it } shouldBe true }
    }

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

private fun String.words(): String = split(Regex("\\s+")).filter { it.isNotEmpty() }.joinToString(" ")
