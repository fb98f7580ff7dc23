package io.hawser.samples.adoption

import io.hawser.samples.Child
import io.hawser.testkit.LeakCheck
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldBeIn
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import java.io.File
import java.net.ServerSocket
import java.nio.file.Path
import java.security.MessageDigest
import java.util.HexFormat
import kotlin.io.path.Path
import kotlin.io.path.createDirectories
import kotlin.io.path.readBytes
import kotlin.io.path.readText
import kotlin.io.path.writeText

/** Who copies what the README says into an empty folder has a program that runs, on the jars of this very build. */
class AdoptionSpec : StringSpec({
    extension(LeakCheck)

    val maven by lazy { Maven(tempdir().toPath()) }
    val section = readme("## Add it to a build")

    "a server and a client in Kotlin" {
        // The port of the README may be taken, by those who run it as it is.
        val port = "${ServerSocket(0).use { it.localPort }}"
        val (server, client) = pieces(readme("### A server and a client"), "kotlin").map { it.replace("9002", port) }
        val classPath = maven.build(
            tempdir().toPath(),
            pieces(section, "xml").first(),
            mapOf("src/main/kotlin/Server.kt" to server, "src/main/kotlin/Client.kt" to client),
            listOf("hawser-tcp", "hawser-tls"),
        )
        java(classPath, "ServerKt").use { running ->
            running.heardBy { java(classPath, "ClientKt") } shouldBe listOf("hello")
        }
    }

    "a program in Java" {
        val classPath = maven.build(
            tempdir().toPath(),
            pieces(section, "xml").last(),
            mapOf("src/main/java/Hello.java" to pieces(section, "java").single()),
            listOf("hawser-tcp", "hawser-blocking"),
        )
        val end = java(classPath, "Hello").use { it.end() }
        withClue(end.errors) { end.lines shouldBe listOf("hello") }
    }

    "all that it names to depend on is of this build, for Gradle too" {
        Regex("hawser-bom(?::|</artifactId>\\s*<version>)([^<\"]+)").findAll(section).map { it.groupValues[1] }.toList() shouldBe
            List(3) { Reactor.version }
        Regex("(?:kotlin\\(\"jvm\"\\) version \"|kotlin-maven-plugin</artifactId>\\s*<version>)([^<\"]+)").findAll(section)
            .map { it.groupValues[1] }.toList() shouldBe List(2) { Reactor.parent.text("properties", "kotlin.version") }
        val named = Regex("(?:io\\.hawser:|<artifactId>)(hawser-[a-z]+)").findAll(section).map { it.groupValues[1] }.toList()
        named shouldHaveSize 9
        for (artifact in named) artifact shouldBeIn Reactor.libraries.map { it.artifact } + "hawser-bom"
    }
}) {
    private companion object {
        fun readme(heading: String): String = Path("../README.md").readText().substringAfter("\n$heading\n").substringBefore("\n#")

        fun pieces(text: String, language: String): List<String> =
            Regex("```$language\n(.*?)```", RegexOption.DOT_MATCHES_ALL).findAll(text).map { it.groupValues[1] }.toList()

        fun java(classPath: String, main: String): Child = Child("${System.getProperty("java.home")}/bin/java", "-cp", classPath, main)

        /** Compiles [sources] with [pom] in [project], and returns the class path that Maven says it has, with these [direct] ones of ours. */
        fun Maven.build(project: Path, pom: String, sources: Map<String, String>, direct: List<String>): String {
            for ((name, text) in sources) project.resolve(name).also { it.parent.createDirectories() }.writeText(text)
            project.resolve("pom.xml").writeText(withDefaults(pom))
            val billing = "org.cyclonedx:cyclonedx-maven-plugin:${Reactor.parent.text("properties", "cyclonedx.version")}:makeBom"
            run(project, "compile", billing)

            val bill = BillOfMaterials(project.resolve("target/bom.json"))
            val (ours, others) = bill.components.partition { it.name.startsWith("io.hawser:") }
            ours.map { it.name } shouldContainExactlyInAnyOrder (direct + "hawser-core").map { "io.hawser:$it" }
            for (jar in ours) {
                val made = Reactor.libraries.single { "io.hawser:$it" == jar.name }.built(".jar")
                withClue("$jar is that of this build") { jar.sha256 shouldBe made.sha256() }
            }
            // Of others it has what these tests have, and nothing of what is here for tests.
            val expected = direct.flatMap { name -> Reactor.bill(Reactor.libraries.single { it.artifact == name }).components }
                .filterNot { it.isOptional || it.name.startsWith("io.hawser:") }
            others.map { "$it" }.toSet() shouldBe expected.map { "$it" }.toSet()
            val places = listOf(project.resolve("target/classes")) + bill.components.map { repository.resolve(it.jar) }
            return places.joinToString(File.pathSeparator)
        }

        /** Which plugins there are by default, and in which version, is a matter of each Maven; those of this build have been fetched. */
        fun withDefaults(pom: String): String {
            val plugins = listOf("maven-resources-plugin", "maven-compiler-plugin").joinToString("") { name ->
                val version = Reactor.parent.elements("build", "pluginManagement", "plugins", "plugin")
                    .single { name in it.textContent }.getElementsByTagName("version").item(0).textContent
                "<plugin><artifactId>$name</artifactId><version>$version</version></plugin>"
            }
            val management = "<pluginManagement><plugins>$plugins</plugins></pluginManagement>"
            if ("<plugins>" in pom) return pom.replaceFirst("<plugins>", "$management<plugins>")
            return pom.replace("</project>", "<build>$management</build></project>")
        }

        fun Path.sha256(): String = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(readBytes()))
    }
}
