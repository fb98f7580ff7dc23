package io.hawser.samples.readme

import java.io.File

/** What stands in a fence of a page. */
internal class Piece(private val place: String, val language: String, val text: String) {
    val isJava: Boolean get() = language == "java"

    /** What has to be found in a source. */
    val words: String get() = text.words(isJava)

    override fun toString(): String = "$place\n$text"
}

internal val root: File = File("..").canonicalFile

/** The files of the repository that have one of these [extensions], but for what the build has made. */
internal fun files(vararg extensions: String): List<File> = root.walk()
    .onEnter { it == root || (it.name != "target" && !it.name.startsWith(".")) }
    .filter { it.extension in extensions }
    .toList()

/** The fences of this page, in their order. */
internal fun File.pieces(): List<Piece> {
    val page = readText()
    return FENCE.findAll(page).map { fence ->
        val (language, text) = fence.destructured
        val line = page.take(fence.range.first).count { it == '\n' } + 1
        Piece("${toRelativeString(root)}:$line", language.lowercase(), text)
    }.toList()
}

/** Without what depends on where it stands: Java is wrapped in another way where it stands deeper. */
internal fun String.words(isJava: Boolean): String =
    replace("public ", "").split(BLANKS).filter { it.isNotEmpty() }.joinToString(if (isJava) "" else " ")

private val FENCE = Regex("""^ *```(\S*)[^\n]*\n(.*?)^ *```$""", setOf(RegexOption.MULTILINE, RegexOption.DOT_MATCHES_ALL))
private val BLANKS = Regex("\\s+")
