package io.hawser.samples.adoption

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldBeEmpty
import java.nio.file.Path
import java.util.zip.ZipFile
import kotlin.io.path.copyTo
import kotlin.io.path.createDirectories
import kotlin.io.path.createDirectory
import kotlin.io.path.readBytes
import kotlin.io.path.relativeTo

/** Who builds the same again, elsewhere, gets the same bytes. */
class ReproducibleSpec : StringSpec({
    "jars, sources and bills of materials of a second build are the same" {
        val libraries = Reactor.libraries.filter { it.artifact in AGAIN }
        val folder = tempdir().toPath()
        val maven = Maven(folder)
        libraries.forEach(Reactor::requireSameJdk)
        val again = folder.resolve("again").createDirectory()
        for (pom in Reactor.modules + Reactor.parent) pom.file.copyTo(again.place(pom.file))
        for (library in libraries) library.file.resolveSibling("src/main").files().forEach { it.copyTo(again.place(it)) }
        maven.run(again, "-pl", AGAIN.joinToString(",") { ":$it" }, "-Dmaven.test.skip=true", "-Dmaven.javadoc.skip=true", "package")
        for (library in libraries) {
            Reactor.bill(library)
            for (file in listOf(library.built(".jar"), library.built("-sources.jar"), library.file.resolveSibling("target/bom.json"))) {
                withClue(file) { differences(file, again.place(file)).shouldBeEmpty() }
            }
        }
    }
}) {
    private companion object {
        /** One in Kotlin and one in Java; all of them is a matter for a release. */
        val AGAIN = listOf("hawser-tcp", "hawser-blocking")

        /** Where [file] of this build is in another, and its folder is there. */
        fun Path.place(file: Path): Path = resolve("${file.relativeTo(Reactor.folder)}").also { it.parent.createDirectories() }

        /** The entries of these files that are not the same, or the files themselves. */
        fun differences(one: Path, other: Path): List<String> = when {
            one.readBytes().contentEquals(other.readBytes()) -> emptyList()

            "$one".endsWith(".jar") -> entries(one).let { here ->
                val there = entries(other)
                (here.keys + there.keys).filter {
                    here[it] != there[it]
                }.ifEmpty { listOf("the order of the entries, or what is between them") }
            }

            else -> listOf("$one")
        }

        private fun entries(jar: Path): Map<String, List<Any>> = ZipFile(jar.toFile()).use { zip ->
            zip.entries().toList().associate { it.name to listOf(it.crc, it.size, it.time) }
        }
    }
}
