package io.hawser.documentation

import java.nio.file.Files
import java.nio.file.Path
import javax.xml.parsers.DocumentBuilderFactory
import kotlin.io.path.extension
import kotlin.io.path.isDirectory
import kotlin.io.path.useLines
import kotlin.io.path.walk
import org.w3c.dom.Element

/** A module that is published: where its sources are, which packages it has, and what its pom says it is for. */
internal class LibraryModule(folder: Path) {
    private val pom = Pom(folder.resolve("pom.xml"))
    val artifact: String = pom.text("artifactId")
    val description: String = pom.text("description")
    val sources: List<Path> = listOf("src/main/kotlin", "src/main/java").map(folder::resolve).filter { it.isDirectory() }
    val packages: Set<String> = sources.flatMap { it.walk() }.mapNotNullTo(sortedSetOf(), ::packageOf)
}

/** The modules of the pom in [root] that have sources to document: all but samples. */
internal fun libraryModules(root: Path): List<LibraryModule> =
    Pom(root.resolve("pom.xml")).texts("modules", "module").filterNot { it.startsWith("samples") }
        .map { LibraryModule(root.resolve(it)) }.filter { it.sources.isNotEmpty() }

private fun packageOf(file: Path): String? =
    if (file.extension !in setOf("kt", "java")) {
        null
    } else {
        file.useLines { lines -> lines.firstOrNull { it.startsWith("package ") } }?.removePrefix("package ")?.trimEnd(';', ' ')
    }

/** The elements right below the root of a pom. */
private class Pom(file: Path) {
    private val root: Element = Files.newInputStream(file).use {
        DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(it).documentElement
    }

    fun text(name: String): String = root.children(name).single().textContent.trim()

    fun texts(parent: String, name: String): List<String> =
        root.children(parent).flatMap { it.children(name) }.map { it.textContent.trim() }

    private fun Element.children(name: String): List<Element> =
        (0 until childNodes.length).mapNotNull { childNodes.item(it) as? Element }.filter { it.tagName == name }
}
