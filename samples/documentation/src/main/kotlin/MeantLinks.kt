package io.hawser.documentation

import org.jetbrains.dokka.links.DRI
import org.jetbrains.dokka.links.PointingToDeclaration
import org.jetbrains.dokka.model.DFunction
import org.jetbrains.dokka.model.DModule
import org.jetbrains.dokka.model.DProperty
import org.jetbrains.dokka.model.Documentable
import org.jetbrains.dokka.model.WithConstructors
import org.jetbrains.dokka.model.WithScope
import org.jetbrains.dokka.model.withDescendants
import org.jetbrains.dokka.pages.ContentDRILink
import org.jetbrains.dokka.pages.ContentNode
import org.jetbrains.dokka.pages.RootPageNode
import org.jetbrains.dokka.pages.recursiveMapTransform

/**
 * Leads links to what they mean and Dokka does not take them for, which has a page.
 *
 * In Java `getEvents()` means a property of Kotlin, and a function with a `Continuation` the suspending one. In Kotlin the name of a parameter
 * of a constructor means the property.
 */
internal class MeantLinks(module: DModule) {
    private val members = module.withDescendants().filter { it is DFunction || it is DProperty }.toList()
    private val known = members.mapTo(hashSetOf()) { it.dri }
    private val byName = members.flatMap { member -> member.namesInJava.map { Name(member.dri, it) to member.dri } }.toMap()
    private val byParameter = module.withDescendants().filterIsInstance<WithConstructors>().flatMap(::propertiesByParameter).toMap()

    /** The pages of [root] with such links. */
    fun leading(root: RootPageNode): RootPageNode = root.transformContentPagesTree { page ->
        page.modified(content = page.content.recursiveMapTransform<ContentDRILink, ContentNode> { it.copy(address = meant(it.address)) })
    }

    private fun meant(link: DRI): DRI {
        val callable = link.callable
        return when {
            callable == null || link in known -> link
            link.target == PointingToDeclaration -> byName[Name(link, callable.name)] ?: link
            else -> byParameter[link] ?: link
        }
    }

    private data class Name(val packageName: String?, val className: String?, val member: String) {
        constructor(at: DRI, member: String) : this(at.packageName, at.classNames, member)
    }
}

private fun propertiesByParameter(type: WithConstructors): List<Pair<DRI, DRI>> = type.constructors.flatMap { it.parameters }
    .mapNotNull { parameter -> (type as? WithScope)?.properties?.find { it.name == parameter.name }?.let { parameter.dri to it.dri } }

private val Documentable.namesInJava: List<String>
    get() = listOfNotNull(name, (this as? DProperty)?.getter?.name, (this as? DProperty)?.setter?.name)
