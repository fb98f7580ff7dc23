package io.hawser.tls

import java.io.File
import java.nio.file.Path
import java.util.concurrent.TimeUnit.MINUTES
import kotlin.io.path.createTempDirectory
import kotlin.io.path.readText
import kotlin.io.path.writeText
import org.opentest4j.TestAbortedException

/** A folder of files as people have them, written by the programs they use. */
internal class OpenSsl(val folder: Path = createTempDirectory("hawser-tls")) {
    fun file(name: String): Path = folder.resolve(name)

    fun write(name: String, content: String): Path = file(name).also { it.writeText(content) }

    fun text(name: String): String = file(name).readText()

    /** `openssl` with [arguments]. */
    fun run(vararg arguments: String) = run("openssl", arguments)

    /** `openssl genpkey` into the file [name]. */
    fun key(name: String, vararg algorithm: String): Path {
        run("genpkey", "-algorithm", *algorithm, "-out", name)
        return file(name)
    }

    /** A certificate for [key], valid for a hundred years, for the subjectAltNames [names]. */
    fun certificate(name: String, key: String, names: String = "DNS:a.example", vararg more: String): Path {
        run("req", "-x509", "-key", key, "-subj", "/CN=$name", "-addext", "subjectAltName=$names", "-days", "36500", "-out", name, *more)
        return file(name)
    }

    /** Both, of a new key of the curve P-256. */
    fun fresh(name: String, names: String = "DNS:a.example", vararg algorithm: String = ec): Material {
        key("$name.key", *algorithm)
        certificate(name, "$name.key", names)
        return material(name, "$name.key")
    }

    fun material(certificate: String, key: String, password: CharArray? = null): Material =
        TlsIdentity.pem(file(certificate), file(key), password).current()

    /** `keytool` of this JDK. */
    fun keytool(vararg arguments: String) = run("${System.getProperty("java.home")}/bin/keytool", arguments)

    private fun run(program: String, arguments: Array<out String>) {
        require(program)
        val process = ProcessBuilder(program, *arguments).directory(folder.toFile()).redirectErrorStream(true).start()
        process.outputStream.close()
        val output = process.inputReader().readText()
        check(process.waitFor(1, MINUTES) && process.exitValue() == 0) { "$program ${arguments.joinToString(" ")}: $output" }
    }

    /** Skips the test where [program] is not installed, or fails it under CI. */
    private fun require(program: String) {
        if (program.startsWith('/') || System.getenv("PATH").split(':').any { File(it, program).canExecute() }) return
        check(System.getenv("CI") != "true") { "$program is not installed" }
        throw TestAbortedException("$program is not installed")
    }

    companion object {
        val ec = arrayOf("EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    }
}
