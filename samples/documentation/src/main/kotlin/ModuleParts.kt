package io.hawser.documentation

import org.jetbrains.dokka.base.DokkaBase
import org.jetbrains.dokka.base.translators.documentables.PageContentBuilder
import org.jetbrains.dokka.base.translators.documentables.PageContentBuilder.DocumentableContentBuilder
import org.jetbrains.dokka.links.DRI
import org.jetbrains.dokka.model.DModule
import org.jetbrains.dokka.model.DPackage
import org.jetbrains.dokka.model.Documentable
import org.jetbrains.dokka.model.doc.DocTag
import org.jetbrains.dokka.pages.ContentKind
import org.jetbrains.dokka.pages.ContentNode
import org.jetbrains.dokka.pages.ContentPage
import org.jetbrains.dokka.pages.ModulePageNode
import org.jetbrains.dokka.pages.PackagePageNode
import org.jetbrains.dokka.pages.PageNode
import org.jetbrains.dokka.pages.RootPageNode
import org.jetbrains.dokka.plugability.DokkaContext
import org.jetbrains.dokka.plugability.plugin
import org.jetbrains.dokka.plugability.querySingle

/** Groups the pages of packages by the module that each belongs to, which Dokka, for which all are one, cannot know. */
internal class ModuleParts(context: DokkaContext, private val modules: List<LibraryModule>) {
    private val base = context.plugin<DokkaBase>()
    private val contents = PageContentBuilder(
        base.querySingle { commentsToContentConverter },
        base.querySingle { signatureProvider },
        context.logger,
    )

    /** The pages of [root], with one of each module between it and its packages. */
    fun of(root: RootPageNode): RootPageNode {
        root as ModulePageNode
        val packages = root.children.filterIsInstance<PackagePageNode>()
        val parts = modules.map { module -> part(module, packages.filter { it.name in module.packages }) }
        val others = root.children - parts.flatMap { it.children }.toSet()
        check(others.isEmpty()) { "of no module: ${others.joinToString { it.name }}" }
        val all = root.documentables.filterIsInstance<DModule>().single()
        val front = contents.contentFor(all) {
            cover(all.name)
            texts(all).forEach { comment(it) }
            header(2, "Modules")
            table(ContentKind.Packages) {
                parts.forEach { part ->
                    row(part.dri) {
                        link(part.name, part.dri.single())
                        text(part.module.description)
                    }
                }
            }
        }
        return root.modified(root.name, front, root.dri, root.embeddedResources, parts)
    }

    private fun part(module: LibraryModule, pages: List<PackagePageNode>): ModulePart {
        val packages = pages.flatMap { it.documentables }.filterIsInstance<DPackage>()
        val dri = DRI(module.artifact)
        val content = contents.contentFor(setOf(dri), packages.flatMap { it.sourceSets }.toSet()) {
            cover(module.artifact)
            text(module.description)
            block("Packages", 2, ContentKind.Packages, packages) {
                link(it.name, it.dri)
                brief(it)
            }
        }
        return ModulePart(module, content, setOf(dri), pages)
    }

    private fun DocumentableContentBuilder.brief(described: Documentable) {
        texts(described).firstOrNull()?.let { firstParagraphComment(it, ContentKind.Comment) }
    }

    private fun texts(described: Documentable): List<DocTag> = described.documentation.values.flatMap { it.children }.map { it.root }
}

/** The page of a module, above those of its packages. */
private class ModulePart(
    val module: LibraryModule,
    override val content: ContentNode,
    override val dri: Set<DRI>,
    override val children: List<PageNode>,
    override val embeddedResources: List<String> = listOf(),
) : ContentPage {
    override val name: String get() = module.artifact

    override fun modified(name: String, children: List<PageNode>): PageNode = modified(name, content, dri, embeddedResources, children)

    override fun modified(
        name: String,
        content: ContentNode,
        dri: Set<DRI>,
        embeddedResources: List<String>,
        children: List<PageNode>,
    ): ContentPage = ModulePart(module, content, dri, children, embeddedResources)
}
