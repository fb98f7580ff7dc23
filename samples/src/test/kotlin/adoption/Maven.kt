package io.hawser.samples.adoption

import io.hawser.samples.Child
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import java.nio.file.Path
import kotlin.io.path.copyTo
import kotlin.io.path.createDirectories
import kotlin.io.path.createDirectory
import kotlin.io.path.name
import kotlin.io.path.writeText

/**
 * Maven with a local repository in [folder] that begins with what an install of this build would put there. The rest it gets from where this
 * build keeps what it has fetched, and from nowhere else.
 */
internal class Maven(folder: Path) {
    val repository: Path = folder.resolve("repository").createDirectory()
    private val settings = folder.resolve("settings.xml")

    init {
        Reactor.requireJars()
        for (pom in Reactor.modules.filter { it.isPublished } + Reactor.parent) {
            val place = repository.resolve("io/hawser/${pom.artifact}/${Reactor.version}").createDirectories()
            pom.file.copyTo(place.resolve("${pom.artifact}-${Reactor.version}.pom"))
            if (pom.isJar) pom.built(".jar").let { it.copyTo(place.resolve(it.name)) }
        }
        val fetched = Reactor.localRepository.toUri()
        settings.writeText(
            "<settings><mirrors><mirror><id>fetched</id><mirrorOf>*</mirrorOf><url>$fetched</url></mirror></mirrors></settings>",
        )
    }

    /** Runs it in [project], which works out. */
    fun run(project: Path, vararg arguments: String) {
        val command = arrayOf(
            "env",
            "JAVA_HOME=${System.getProperty("java.home")}",
            "MAVEN_OPTS=-XX:TieredStopAtLevel=1",
            "MAVEN_ARGS=",
            "MAVEN_SKIP_RC=true",
            "${Reactor.mavenHome.resolve("bin/mvn")}",
            "-q",
            "-B",
            "-s",
            "$settings",
            "-f",
            "${project.resolve("pom.xml")}",
            "-Dmaven.repo.local=$repository",
        )
        Child(*command, *arguments).use {
            val end = it.end(MINUTES)
            withClue("${arguments.toList()}: ${end.lines.joinToString("\n")}\n${end.errors}") { end.status shouldBe 0 }
        }
    }

    private companion object {
        /** In seconds, on a machine that has a lot to do. */
        const val MINUTES = 300L
    }
}
