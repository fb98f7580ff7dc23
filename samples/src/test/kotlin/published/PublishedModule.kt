package io.hawser.samples.published

import java.nio.file.Files
import java.nio.file.Path
import javax.xml.parsers.DocumentBuilderFactory
import kotlin.io.path.exists
import kotlin.io.path.extension
import kotlin.io.path.readBytes
import org.opentest4j.TestAbortedException
import org.w3c.dom.Element

/** A module that others depend on, as it lies in this checkout and has been built there. */
internal class PublishedModule private constructor(private val folder: Path, val artifact: String, version: String) {
    /** What it has promised to offer. */
    val dump: Path = folder.resolve("api").resolve("$artifact.api")
    private val output = folder.resolve("target").resolve("classes")
    private val archive = folder.resolve("target").resolve("$artifact-$version.jar")

    val classFiles: List<Path> get() = Files.walk(built(output)).use { files -> files.filter { it.extension == "class" }.sorted().toList() }

    val classes: List<ClassFile> get() = classFiles.map { ClassFile(it.readBytes()) }

    val jar: Path get() = built(archive)

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
        val root: Path = Path.of("..").toAbsolutePath().normalize()

        /** What the root pom lists, but for programs, and for what is nothing but a pom. */
        val all: List<PublishedModule> by lazy {
            val parent = pom(root)
            val version = checkNotNull(parent.child("version"))
            parent.children("modules").single().children("module").map { it.textContent.trim() }
                .filterNot { it.startsWith("samples") }
                .map { root.resolve(it) to pom(root.resolve(it)) }
                .filter { (_, pom) -> pom.child("packaging") != "pom" }
                .map { (folder, pom) -> PublishedModule(folder, checkNotNull(pom.child("artifactId")), version) }
        }

        private fun pom(folder: Path): Element =
            DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(folder.resolve("pom.xml").toFile()).documentElement

        private fun Element.children(name: String): List<Element> =
            (0 until childNodes.length).map(childNodes::item).filterIsInstance<Element>().filter { it.tagName == name }

        private fun Element.child(name: String): String? = children(name).singleOrNull()?.textContent?.trim()
    }
}
