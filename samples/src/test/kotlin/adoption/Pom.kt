package io.hawser.samples.adoption

import java.nio.file.Path
import javax.xml.parsers.DocumentBuilderFactory
import kotlin.io.path.Path
import org.w3c.dom.Element

/** What stands in [file] itself; nothing is inherited. */
internal class Pom(val file: Path) {
    private val project = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file.toFile()).documentElement

    val artifact: String = text("artifactId").orEmpty()
    val modules: List<Path> = elements("modules", "module").map { file.resolveSibling(Path(it.textContent)).normalize() }
    val dependencies: List<Dependency> = elements("dependencies", "dependency").map(::Dependency)
    val managed: List<Dependency> = elements("dependencyManagement", "dependencies", "dependency").map(::Dependency)
    val isPublished: Boolean = text("properties", "maven.deploy.skip") != "true"
    val isJar: Boolean = text("packaging") != "pom"

    /** The text at the end of [path], which begins below `project`. */
    fun text(vararg path: String): String? = elements(*path).firstOrNull()?.textContent?.trim()

    /** What stands at the end of [path]. */
    fun elements(vararg path: String): List<Element> =
        path.fold(listOf(project)) { parents, name -> parents.flatMap { it.children().filter { child -> child.tagName == name } } }

    /** What is built from it, but for its [ending]. */
    fun built(ending: String): Path = file.resolveSibling("target").resolve("$artifact-${Reactor.version}$ending")

    override fun toString(): String = artifact

    class Dependency(element: Element) {
        private val texts = element.children().associate { it.tagName to it.textContent.trim() }
        val group: String = texts.getValue("groupId")
        val artifact: String = texts.getValue("artifactId")
        val version: String? = texts["version"]
        val isForTests: Boolean = texts["scope"] == "test"

        override fun toString(): String = "$group:$artifact"
    }
}

private fun Element.children(): List<Element> = List(childNodes.length) { childNodes.item(it) }.filterIsInstance<Element>()
