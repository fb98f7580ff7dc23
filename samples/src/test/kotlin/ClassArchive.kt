package io.hawser.samples

import java.io.File
import java.io.RandomAccessFile
import java.lang.ProcessBuilder.Redirect.DISCARD
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption.ATOMIC_MOVE
import kotlin.io.path.absolutePathString
import kotlin.io.path.createTempDirectory
import kotlin.io.path.exists
import kotlin.io.path.readText
import kotlin.io.path.writeText

/**
 * The classes that our programs load most, in the form in which a JVM maps them into its memory instead of reading and checking them: that
 * is over a third of what starting one costs. It is made for each class path once, and done without where the JVM does not take it.
 */
internal object ClassArchive {
    private val parts = System.getProperty("java.class.path").split(File.pathSeparator)

    /** Nothing else can be in an archive. */
    private val jars = parts.filter { it.endsWith(".jar") }

    /** What is in the archive comes first. */
    val classPath: String = (jars + (parts - jars.toSet())).joinToString(File.pathSeparator)

    /** What has a JVM use it. */
    val options: Array<String> by lazy {
        val version = (jars.map { it to File(it).lastModified() } + System.getProperty("java.vm.version")).hashCode()
        val archive = Path.of("target", "classes-${version.toUInt()}.jsa")
        // Others of these tests run in processes beside this one.
        RandomAccessFile("target/classes.lock", "rw").channel.use { it.lock().use { if (!archive.exists()) make(archive) } }
        if (archive.exists()) with(archive) else emptyArray()
    }

    private fun with(archive: Path) = arrayOf("-XX:SharedArchiveFile=${archive.absolutePathString()}")

    private fun make(archive: Path) {
        val folder = createTempDirectory(archive.parent, "classes")
        val (serving, asking, all) = listOf("serving", "asking", "all").map(folder::resolve)
        start("-XX:DumpLoadedClassList=$serving", "-cp", classPath, MAIN, "echo", "--on", "127.0.0.1:0").use { server ->
            start("-XX:DumpLoadedClassList=$asking", "-cp", classPath, MAIN, "connect", "127.0.0.1:${server.port()}").use {
                it.say("hello\n")
                it.end()
            }
            server.signal("TERM")
            server.end()
        }
        all.writeText(serving.readText() + asking.readText())
        val made = folder.resolve("made")
        val path = jars.joinToString(File.pathSeparator)
        ProcessBuilder(JAVA, "-Xshare:dump", "-XX:SharedClassListFile=$all", "-XX:SharedArchiveFile=$made", "-cp", path)
            .redirectOutput(DISCARD).redirectError(DISCARD).start().waitFor()
        val plain = start("-cp", classPath, MAIN, "--version").use { it.end() }
        val mapped = start("-Xshare:on", *with(made), "-cp", classPath, MAIN, "--version").use { it.end() }
        if (mapped == plain) Files.move(made, archive, ATOMIC_MOVE)
        folder.toFile().deleteRecursively()
    }

    private fun start(vararg arguments: String) = Child(JAVA, *QUICK_START, *arguments)
}
