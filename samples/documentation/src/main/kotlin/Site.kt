package io.hawser.documentation

import java.lang.module.ModuleFinder
import java.net.URI
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.writeLines
import org.jetbrains.dokka.DokkaConfiguration.SerializationFormat.JSON
import org.jetbrains.dokka.DokkaConfiguration.Visibility.PROTECTED
import org.jetbrains.dokka.DokkaConfiguration.Visibility.PUBLIC
import org.jetbrains.dokka.DokkaConfigurationImpl
import org.jetbrains.dokka.DokkaSourceSetID
import org.jetbrains.dokka.DokkaSourceSetImpl
import org.jetbrains.dokka.ExternalDocumentationLinkImpl
import org.jetbrains.dokka.PluginConfigurationImpl
import org.jetbrains.dokka.base.generation.SingleModuleGeneration
import org.jetbrains.dokka.plugability.DokkaContext

/**
 * The documentation of all [modules] as one site of HTML in [output].
 *
 * Their sources are read as one, so that each can point at all others; [classpath] is what they use of other people, whose own documentation
 * [elsewhere] is: the place of each, and a file with the packages that it has. [texts] says what the packages are for, and [samples] are the
 * folders of the functions that `@sample` names. Nothing is looked up in the network.
 */
internal class Site(
    private val modules: List<LibraryModule>,
    private val classpath: List<Path>,
    private val samples: List<Path>,
    private val texts: Path,
    private val elsewhere: Map<URI, Path>,
    private val output: Path,
) {
    /** Writes it, and returns what is wrong with it, a line for each: links that lead nowhere, and what nothing is said of. */
    fun write(): List<String> {
        output.toFile().deleteRecursively()
        val complaints = Complaints()
        val context = DokkaContext.create(configuration(), complaints, emptyList())
        val generation = SingleModuleGeneration(context)
        val missing: List<String>
        try {
            generation.validityCheck(context)
            val separate = generation.transformDocumentationModelBeforeMerge(generation.createDocumentationModels())
            val model = checkNotNull(generation.mergeDocumentationModels(separate)) { "nothing to document in $modules" }
            missing = undocumented(model)
            val whole = generation.transformDocumentationModelAfterMerge(model)
            val pages = generation.transformPages(generation.createPages(whole))
            generation.render(ModuleParts(context, modules).of(MeantLinks(whole).leading(pages)))
        } finally {
            generation.runPostActions()
        }
        return complaints.lines.distinct() + missing + brokenLinks(output)
    }

    private fun configuration() = DokkaConfigurationImpl(
        moduleName = "hawser",
        outputDir = output.toFile(),
        offlineMode = true,
        suppressInheritedMembers = true,
        sourceSets = listOf(sourceSet()),
        pluginsConfiguration = listOf(
            PluginConfigurationImpl("org.jetbrains.dokka.base.DokkaBase", JSON, """{"footerMessage":"Hawser"}"""),
        ),
        finalizeCoroutines = false,
    )

    private fun sourceSet() = DokkaSourceSetImpl(
        sourceSetID = DokkaSourceSetID("hawser", "main"),
        classpath = classpath.map(Path::toFile),
        sourceRoots = modules.flatMap { it.sources }.mapTo(mutableSetOf(), Path::toFile),
        samples = samples.mapTo(mutableSetOf(), Path::toFile),
        includes = setOf(texts.toFile()),
        jdkVersion = 17,
        externalDocumentationLinks = (elsewhere + (JDK to jdkPackages()))
            .mapTo(mutableSetOf()) { (place, list) -> ExternalDocumentationLinkImpl(place.toURL(), list.toUri().toURL()) },
        documentedVisibilities = setOf(PUBLIC, PROTECTED),
    )

    /** The list that the JDK's documentation has of its packages, made from the JDK at hand. */
    private fun jdkPackages(): Path {
        val list = Files.createDirectories(output.resolveSibling("package-lists")).resolve("jdk")
        val modules = ModuleFinder.ofSystem().findAll().map {
            it.descriptor()
        }.filter { it.name().startsWith("java.") }.sortedBy { it.name() }
        val lines = modules.flatMap { module ->
            listOf("module:${module.name()}") + module.exports().filterNot { it.isQualified }.map { it.source() }.sorted()
        }
        return list.apply { writeLines(lines) }
    }

    private companion object {
        val JDK: URI = URI("https://docs.oracle.com/en/java/javase/17/docs/api/")
    }
}
