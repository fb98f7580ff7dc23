package io.hawser.benchmarks

import java.lang.ProcessBuilder.Redirect
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit.SECONDS
import kotlin.io.path.createDirectories
import kotlin.io.path.isDirectory
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.toPath

/** The compilers for what is not JVM code, and where things lie: the sources in `src/main`, all that is built in `target`. */
internal class Tools(private val processes: Processes) {
    private val target: Path = Tools::class.java.protectionDomain.codeSource.location.toURI().toPath().parent
    private val sources: Path = target.resolveSibling("src").resolve("main")
    private val native: Path = target.resolve("native").createDirectories()

    /** Where servers write what they have to say besides their port. */
    val logs: Path = target.resolve("logs").createDirectories()

    init {
        if (!sources.isDirectory()) throw Unavailable("the C sources are not in $sources: run the jar where Maven has put it")
    }

    /** @throws Unavailable without a C compiler. */
    fun compileLoad(): Path = compileC("load", sources.resolve("c").listDirectoryEntries("load*.c"))

    /** @throws Unavailable without a C compiler. */
    fun compileC(name: String): Path = compileC(name, listOf(sources.resolve("c").resolve("$name.c")))

    /** @throws Unavailable without Go. */
    fun compileGo(name: String): Path {
        val program = native.resolve("go_$name")
        run("go", "build", "-o", "$program", "${sources.resolve("go").resolve("$name.go")}")
        return program
    }

    private fun compileC(name: String, files: List<Path>): Path {
        val program = native.resolve(name)
        run("cc", "-O2", "-std=gnu11", "-pthread", "-o", "$program", *files.map(Path::toString).sorted().toTypedArray())
        return program
    }

    private fun run(vararg command: String) {
        val log = Files.createTempFile(native, command.first(), ".log")
        val process = processes.start(ProcessBuilder(*command).redirectErrorStream(true).redirectOutput(Redirect.to(log.toFile())))
        if (!process.waitFor(COMPILE_SECONDS, SECONDS)) {
            process.destroyForcibly()
            throw Unavailable("${command.first()} did not end within $COMPILE_SECONDS s")
        }
        val output = Files.readString(log)
        Files.delete(log)
        if (process.exitValue() != 0) throw Unavailable("${command.joinToString(" ")} failed:\n$output")
    }

    private companion object {
        const val COMPILE_SECONDS = 120L
    }
}
