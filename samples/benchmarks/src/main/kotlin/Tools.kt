package io.hawser.benchmarks

import io.hawser.benchmarks.server.keyBeside
import java.lang.ProcessBuilder.Redirect
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.TimeUnit.SECONDS
import kotlin.io.path.createDirectories
import kotlin.io.path.isDirectory
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.toPath
import kotlin.io.path.writeBytes
import kotlin.random.Random

/**
 * The compilers for what is not JVM code, and where things lie: the sources in `src/main`, all that is built in a folder of its own in
 * `target`, which goes with this process.
 */
internal class Tools(private val processes: Processes) {
    private val target: Path = Tools::class.java.protectionDomain.codeSource.location.toURI().toPath().parent
    private val sources: Path = target.resolveSibling("src").resolve("main")
    private val native: Path = Files.createTempDirectory(target.resolve("native").createDirectories(), null)

    private val built = ConcurrentHashMap<Path, Path>()

    /** Where servers write what they have to say besides their port. */
    val logs: Path = target.resolve("logs").createDirectories()

    init {
        Runtime.getRuntime().addShutdownHook(Thread { native.toFile().deleteRecursively() })
        if (!sources.isDirectory()) throw Unavailable("the C sources are not in $sources: run the jar where Maven has put it")
    }

    /** It can do TLS where OpenSSL's headers are. */
    private val openSsl: List<String> by lazy {
        try {
            run("cc", "-fsyntax-only", "-include", "openssl/ssl.h", "-x", "c", "/dev/null")
            listOf("-lssl", "-lcrypto")
        } catch (_: Unavailable) {
            emptyList()
        }
    }

    /** @throws Unavailable without a C compiler. */
    fun compileLoad(): Path = compileC("load", openSsl)

    /**
     * Compiles all files that begin with [name], of which each joins itself to the program, and links it with [libraries].
     *
     * @throws Unavailable without a C compiler.
     */
    fun compileC(name: String, libraries: List<String> = emptyList()): Path = once(native.resolve(name)) { program ->
        val files = sources.resolve("c").listDirectoryEntries("$name*.c").map(Path::toString).sorted()
        run("cc", "-O2", "-std=gnu11", "-pthread", "-o", "$program", *files.toTypedArray(), *libraries.toTypedArray())
    }

    /** @throws Unavailable without Go. */
    fun compileGo(name: String): Path = once(native.resolve("go_$name")) { program ->
        run("go", "build", "-o", "$program", "${sources.resolve("go").resolve("$name.go")}")
    }

    /** A file of [size] bytes in no order. */
    fun file(size: Int): Path = once(native.resolve("$size.bytes")) { it.writeBytes(Random(size).nextBytes(size)) }

    /**
     * A certificate for servers that do TLS, on the curve P-256, as PEM; its key is where [keyBeside] says.
     *
     * @throws Unavailable without OpenSSL: its program, or its headers, because then the load generator cannot do TLS.
     */
    fun certificate(): Path = once(native.resolve("server.pem")) { certificate ->
        if (openSsl.isEmpty()) throw Unavailable("the load generator needs openssl/ssl.h for TLS, which is not there")
        val ecdsa = arrayOf("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        val files = arrayOf("-keyout", "${keyBeside(certificate)}", "-out", "$certificate")
        run("openssl", "req", "-x509", *ecdsa, "-nodes", "-subj", "/CN=localhost", "-days", "30", *files)
    }

    /** Where the results go: beside the sources if they are [complete]. */
    fun results(complete: Boolean): Path = (if (complete) target.parent else target).resolve("RESULTS.md")

    /** Not again for each service: a program that runs cannot be written to. */
    private fun once(program: Path, build: (Path) -> Unit): Path = built.computeIfAbsent(program) { it.also(build) }

    /**
     * Returns what [command] prints.
     *
     * @throws Unavailable if it cannot be run, or does not succeed.
     */
    fun run(vararg command: String): String {
        val log = Files.createTempFile(native, command.first(), ".log")
        val process = processes.start(ProcessBuilder(*command).redirectErrorStream(true).redirectOutput(Redirect.to(log.toFile())))
        if (!process.waitFor(COMPILE_SECONDS, SECONDS)) {
            process.destroyForcibly()
            throw Unavailable("${command.first()} did not end within $COMPILE_SECONDS s")
        }
        val output = Files.readString(log)
        Files.delete(log)
        if (process.exitValue() != 0) throw Unavailable("${command.joinToString(" ")} failed:\n$output")
        return output
    }

    private companion object {
        const val COMPILE_SECONDS = 120L
    }
}
