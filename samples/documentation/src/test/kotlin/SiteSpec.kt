package io.hawser.documentation

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.File
import java.net.URI
import java.nio.file.Path
import kotlin.io.path.Path
import kotlin.io.path.readText

/** Writes the site, and fails with all that is wrong with it. */
class SiteSpec : StringSpec({
    val root = Path("../..").toRealPath()
    val here = Path("").toRealPath()
    val output = here.resolve("target/html")

    "every declaration of every module is documented, every link leads somewhere and every sample is there" {
        val site = Site(
            libraryModules(root),
            foreignClasspath(root),
            samples = listOf(here.resolve("src/test/kotlin")),
            texts = here.resolve("packages.md"),
            elsewhere = mapOf(
                URI("https://kotlinlang.org/api/core/") to here.resolve("src/main/package-lists/kotlin"),
                URI("https://kotlinlang.org/api/kotlinx.coroutines/") to here.resolve("src/main/package-lists/coroutines"),
                URI("https://api.ktor.io/") to here.resolve("src/main/package-lists/ktor"),
            ),
            output,
        )
        site.write().joinToString("\n") { it.removePrefix("$root/") } shouldBe ""
    }

    "each module has its part, with links to others and to the documentation of other people" {
        val modules = libraryModules(root).map { it.artifact }
        val front = output.resolve("index.html").readText()
        for (module in modules) front shouldContain """href="hawser/$module/index.html""""
        val client = output.resolve("hawser/hawser-core/io.hawser/-stream-client/index.html").readText()
        client shouldContain "https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/time/Duration.html"
        client shouldContain "https://kotlinlang.org/api/core/kotlin-stdlib/kotlin.time/-duration/index.html"
        client shouldContain
            "https://kotlinlang.org/api/kotlinx.coroutines/kotlinx-coroutines-core/kotlinx.coroutines.flow/-flow/index.html"
        val tcp = output.resolve("hawser/hawser-tcp/io.hawser.tcp/-tcp/server.html").readText()
        tcp shouldContain "../../../hawser-core/io.hawser/-stream-server/index.html"
        tcp shouldContain "connection.copyTo(connection)"
    }
})

/** What the modules use of other people: all there is, but the modules, and Dokka, which has a compiler in it. */
private fun foreignClasspath(root: Path): List<Path> =
    (System.getProperty("surefire.test.class.path") ?: System.getProperty("java.class.path")).split(File.pathSeparator).map { Path(it) }
        .filterNot {
            (it.startsWith(root) && "/target/" in "$it") || "${it.fileName}".startsWith("hawser-") ||
                "/org/jetbrains/dokka/" in "$it"
        }
