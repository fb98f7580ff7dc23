package io.hawser.documentation

import java.net.URI
import java.nio.file.Path
import kotlin.io.path.exists
import kotlin.io.path.extension
import kotlin.io.path.isDirectory
import kotlin.io.path.readText
import kotlin.io.path.relativeTo
import kotlin.io.path.walk

private val LINK = Regex("""\s(?:href|src)="([^"]*)"""")
private val ANCHOR = Regex("""\s(?:id|name)="([^"]*)"""")
private val UNRESOLVED = Regex("""data-unresolved-link="(io\.hawser[^"]*)"""")

/** The links of all pages below [site] that lead to no page, to no place on it, or to something of ours that has none, a line for each. */
internal fun brokenLinks(site: Path): List<String> {
    val pages = site.walk().filter { it.extension == "html" }.associate { it.normalize() to Page(it.readText()) }
    return pages.flatMap { (file, page) ->
        val wrong = page.links.mapNotNull { link -> broken(file, link, pages)?.let { "$link $it" } }
        (wrong + page.unresolved.map { "$it is on no page" }).map { "${file.relativeTo(site)}: $it" }
    }
}

private fun broken(file: Path, link: String, pages: Map<Path, Page>): String? {
    val uri = URI(link)
    if (uri.isAbsolute || link.startsWith("//")) return null
    val target = if (uri.path.isNullOrEmpty()) file else file.resolveSibling(uri.path).normalize()
    val page = if (target.isDirectory()) target.resolve("index.html") else target
    return when {
        !page.exists() -> "leads to no page"
        uri.fragment == null || pages[page]?.has(uri) != false -> null
        else -> "leads to no place on its page"
    }
}

private class Page(html: String) {
    val links = LINK.findAll(html).mapTo(sortedSetOf()) { it.groupValues[1].replace("&amp;", "&") }
    private val anchors = ANCHOR.findAll(html).mapTo(hashSetOf()) { it.groupValues[1].replace("&amp;", "&") }

    /** Of what has a place but is none to lead to: parameters, of functions and of types. */
    val unresolved = UNRESOLVED.findAll(html).map { it.groupValues[1] }.distinct().toList()
        .filterNot { "/PointingTo" in it && "/PointingToDeclaration/" !in it }

    fun has(place: URI): Boolean = place.rawFragment in anchors || place.fragment in anchors
}
