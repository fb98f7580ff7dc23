package io.hawser.samples.published

import java.nio.file.Path
import kotlin.io.path.exists
import kotlin.io.path.readText
import org.jetbrains.kotlin.abi.tools.AbiFilters
import org.jetbrains.kotlin.abi.tools.AbiTools

/**
 * What compiled programs can use of [classFiles]: each public class with its members, as text.
 *
 * Without what stands under one of [markers]. Such things promise less, so that to take a new dump each time would only teach to take one
 * without looking. A type without a marker is here also if all that it has stands under one, and then without that.
 *
 * It is what the JVM links by, which is not all that callers can tell apart: no type arguments, no nullability, no names of parameters, no
 * checked exceptions, no values of constants and defaults, not whether an abstract class is sealed. A class whose source is gone is here
 * until its file is, too: no compiler deletes that, `clean` does.
 */
internal fun abiOf(classFiles: List<Path>, markers: Set<String>): String {
    val filters = AbiFilters(emptySet(), emptySet(), emptySet(), excludedAnnotatedWith = markers)
    val text = buildString { AbiTools.getInstance().printJvmDump(this, classFiles.map(Path::toFile), filters) }
    val blocks = text.lines().filterNot(bridge::containsMatchIn).joinToString("\n").split("\n\n").filter(String::isNotBlank).map {
        it.trimEnd()
    }
    val names = blocks.map(::className).toSet()
    // A marker of a class is one of what stands in it, too.
    return blocks.filter { block -> className(block).enclosing().all { it in names } }.joinToString("\n\n", postfix = "\n")
}

/** What the compiler makes public because something internal is overridden with another type. */
private val bridge = Regex("""\bsynthetic fun \S+\$(?!default )\w+ \(""")

/** The declarations that only [before] has, behind a minus, and those that only [after] has, behind a plus, each with its class. */
internal fun abiChanges(before: String, after: String): List<String> {
    val old = declarations(before)
    val new = declarations(after)
    return (old - new).map { "- $it" } + (new - old).map { "+ $it" }
}

/** What is wrong if [artifact] offers [now], or null if [dump] says so too. */
internal fun abiComplaint(artifact: String, dump: Path, now: String): String? {
    val changes = if (dump.exists()) abiChanges(dump.readText(), now) else return "$artifact has no dump: there is no $dump.\n$TAKE_IT"
    if (changes.isEmpty() && dump.readText() == now) return null
    return "$artifact does not offer what $dump says:\n${changes.joinToString("\n")}\n" +
        "What goes breaks programs that are compiled. If it is meant, CHANGELOG.md says so.\n$TAKE_IT"
}

private fun declarations(dump: String): Set<String> = dump.split("\n\n").filter(String::isNotBlank).flatMap { block ->
    val lines = block.trim().lines()
    listOf(lines.first().removeSuffix(" {")) + lines.drop(1).filter { it != "}" }.map { "${className(block)}: ${it.trim()}" }
}.toSet()

private fun className(block: String): String = checkNotNull(Regex("""\bclass (\S+)""").find(block.lineSequence().first())) {
    block
}.groupValues[1]

/** The classes that the one of this name stands in. */
private fun String.enclosing(): List<String> = indices.filter { this[it] == '$' }.map { substring(0, it) }

private const val TAKE_IT = "The build takes it as it is now with\n  mvn -B -pl samples -am -Dtest=AbiSpec -DfailIfNoTests=false " +
    "-Dsurefire.failIfNoSpecifiedTests=false -Dhawser.abi.update=true clean test"
