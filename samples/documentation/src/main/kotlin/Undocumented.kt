package io.hawser.documentation

import org.jetbrains.dokka.links.DRI
import org.jetbrains.dokka.model.AdditionalModifiers
import org.jetbrains.dokka.model.Annotations
import org.jetbrains.dokka.model.DFunction
import org.jetbrains.dokka.model.DModule
import org.jetbrains.dokka.model.DObject
import org.jetbrains.dokka.model.DParameter
import org.jetbrains.dokka.model.DProperty
import org.jetbrains.dokka.model.DTypeParameter
import org.jetbrains.dokka.model.Documentable
import org.jetbrains.dokka.model.ExtraModifiers
import org.jetbrains.dokka.model.InheritedMember
import org.jetbrains.dokka.model.ObviousMember
import org.jetbrains.dokka.model.PrimaryConstructorExtra
import org.jetbrains.dokka.model.WithSources
import org.jetbrains.dokka.model.doc.DocTag
import org.jetbrains.dokka.model.doc.DocumentationLink
import org.jetbrains.dokka.model.doc.Sample
import org.jetbrains.dokka.model.doc.See
import org.jetbrains.dokka.model.doc.TagWrapper
import org.jetbrains.dokka.model.doc.Text
import org.jetbrains.dokka.model.properties.WithExtraProperties
import org.jetbrains.dokka.model.withDescendants

/**
 * What of [module] nothing is said of, where it is and by name.
 *
 * What is said elsewhere counts: of overrides and inherited members there where they come from, of primary constructors in their class, and of
 * properties in their class too, if it names them as a link. Companion objects have but members.
 */
internal fun undocumented(module: DModule): List<String> =
    module.withDescendants().flatMap { parent -> parent.children.filter { it.wantsText && !it.hasText && !parent.tellsOf(it) } }
        .map { "${it.place}${it.dri.readable} is not documented" }.toList()

private val Documentable.wantsText: Boolean
    get() = when {
        this is DModule || this is DParameter || this is DTypeParameter -> false
        isInherited || has<ObviousMember>() || isOverride -> false
        this is DFunction -> !isConstructor || !has<PrimaryConstructorExtra>()
        this is DObject -> name != "Companion"
        else -> true
    }

/** A sample, or what else is to be seen, says nothing by itself. */
private val Documentable.hasText: Boolean
    get() = said.any { it !is Sample && it !is See && it.root.hasText() } || (this as? DProperty)?.getter?.hasText == true

private val Documentable.said: List<TagWrapper> get() = documentation.values.flatMap { it.children }

/** Whether what is said of a class names this property of it as a link: events and options are told of as a whole. */
private fun Documentable.tellsOf(part: Documentable): Boolean = part is DProperty &&
    said.any { tag -> tag.root.links().any { it.text() == part.name } }

private fun DocTag.links(): List<DocumentationLink> = listOfNotNull(this as? DocumentationLink) + children.flatMap { it.links() }

private fun DocTag.text(): String = (this as? Text)?.body.orEmpty() + children.joinToString("") { it.text() }

private fun DocTag.hasText(): Boolean = (this is Text && body.isNotBlank()) || children.any { it.hasText() }

private inline fun <reified T : Any> Documentable.has(): Boolean = this is WithExtraProperties<*> && extra.allOfType<T>().isNotEmpty()

private val Documentable.isInherited: Boolean
    get() = this is WithExtraProperties<*> &&
        extra.allOfType<InheritedMember>().any { member -> member.inheritedFrom.values.any { it != null } }

private val Documentable.isOverride: Boolean
    get() = this is WithExtraProperties<*> && (
        extra.allOfType<AdditionalModifiers>().any { has ->
            has.content.values.any { ExtraModifiers.KotlinOnlyModifiers.Override in it }
        } ||
            extra.allOfType<Annotations>().any { has -> has.directAnnotations.values.flatten().any { it.dri.classNames == "Override" } }
        )

private val Documentable.place: String
    get() = (this as? WithSources)?.sources?.values?.firstOrNull()?.let { "${it.path}:${it.computeLineNumber()}: " }.orEmpty()

private val DRI.readable: String get() = listOfNotNull(packageName, classNames, callable?.name).joinToString(".")
