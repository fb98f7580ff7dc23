package io.hawser.documentation

import java.net.URI
import java.net.URISyntaxException
import java.nio.file.Path
import kotlin.io.path.exists
import kotlin.io.path.readLines
import kotlin.io.path.relativeTo

private val LINK = Regex("""\[[^\]]*]\(([^)\s]*)(?:\s+"[^"]*")?\)""")
private val CODE = Regex("(`+)(?:(?!`).)+\\1")
private val HEADING = Regex("#{1,6} (.*)")
private val NOT_IN_ANCHORS = Regex("[^\\p{L}\\p{N}_ -]")

/**
 * The links in the Markdown files below [root] that lead to no file, to no heading, or out of the repository, and the addresses of other sites
 * that are none, a line for each. What is code, or in a folder called `target` or with a dot first, is left out.
 */
internal fun brokenMarkdownLinks(root: Path): List<String> {
    val files = root.toFile().walk().onEnter { it.name != "target" && (it == root.toFile() || !it.name.startsWith(".")) }
        .filter { it.extension == "md" }.map { it.toPath() }.sorted().toList()
    return files.flatMap { file ->
        val prose = prose(file)
        prose.flatMap { (number, line) ->
            LINK.findAll(CODE.replace(line, "")).map { it.groupValues[1] }.mapNotNull { link ->
                wrong(root, file, link)?.let { "${file.relativeTo(root)}:$number: $link $it" }
            }
        }
    }
}

private fun wrong(root: Path, file: Path, link: String): String? {
    val uri = try {
        URI(link)
    } catch (e: URISyntaxException) {
        return "is no address: ${e.reason}"
    }
    if (uri.isAbsolute) return if (uri.scheme == "https" && uri.host != null) null else "is no address of https"
    val target = if (uri.path.isEmpty()) file else file.resolveSibling(uri.path).normalize()
    return when {
        !target.startsWith(root) -> "leads out of the repository"
        !target.exists() -> "leads to no file"
        uri.fragment == null || uri.fragment in anchors(target) -> null
        else -> "leads to no heading"
    }
}

/** The lines of [file] by their numbers, those of code left out. */
private fun prose(file: Path): List<Pair<Int, String>> {
    var isCode = false
    return file.readLines().mapIndexedNotNull { index, line ->
        val isFence = line.trimStart().startsWith("```")
        if (isFence) isCode = !isCode
        if (isCode || isFence) null else index + 1 to line
    }
}

/** What the headings of [file] are called as anchors: in small letters, with dashes for blanks, numbered where they come again. */
private fun anchors(file: Path): Set<String> {
    val seen = mutableMapOf<String, Int>()
    return prose(file).mapNotNullTo(mutableSetOf()) { (_, line) ->
        val heading = HEADING.matchEntire(line)?.groupValues?.get(1)?.let {
            LINK.replace(it) { link -> link.value.substringAfter('[').substringBefore(']') }
        }
        heading?.lowercase()?.replace(NOT_IN_ANCHORS, "")?.trim()?.replace(' ', '-')?.let { anchor ->
            val before = seen.getOrDefault(anchor, 0)
            seen[anchor] = before + 1
            if (before == 0) anchor else "$anchor-$before"
        }
    }
}
