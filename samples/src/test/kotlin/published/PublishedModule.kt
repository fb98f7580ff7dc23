package io.hawser.samples.published

import io.hawser.samples.adoption.Pom
import io.hawser.samples.adoption.Reactor
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.exists
import kotlin.io.path.extension
import kotlin.io.path.readBytes
import org.opentest4j.TestAbortedException

/** A module that others depend on, as it lies in this checkout and has been built there. */
internal class PublishedModule private constructor(private val pom: Pom) {
    val artifact: String get() = pom.artifact
    private val folder = pom.file.parent

    /** What it has promised to offer. */
    val dump: Path = folder.resolve("api").resolve("$artifact.api")
    private val output = folder.resolve("target").resolve("classes")

    val classFiles: List<Path> get() = Files.walk(built(output)).use { files -> files.filter { it.extension == "class" }.sorted().toList() }

    val classes: List<ClassFile> get() = classFiles.map { ClassFile(it.readBytes()) }

    val jar: Path get() = Reactor.jar(pom)

    /** A file among its resources. */
    fun resource(name: String): Path = built(output).resolve(name)

    /** Where the build is, which a single module can be tested without; except under CI. */
    private fun built(what: Path): Path {
        if (what.exists()) return what
        check(System.getenv("CI") != "true") { "$what has not been built" }
        throw TestAbortedException("$what has not been built")
    }

    override fun toString(): String = artifact

    companion object {
        val root: Path get() = Reactor.folder

        /** What is published, but for what is nothing but a pom. */
        val all: List<PublishedModule> by lazy { Reactor.libraries.map(::PublishedModule) }
    }
}
