package io.hawser.samples

import io.kotest.assertions.fail
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldMatch
import java.io.File
import java.net.ConnectException
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.Socket
import java.util.concurrent.CompletableFuture
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit.SECONDS
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.seconds
import org.opentest4j.TestAbortedException

/** Nothing here takes this many seconds unless it hangs. */
private const val HANG = 60L

/** Another process. It is gone with the block it was started for, whatever happened in it. */
internal class Child(vararg command: String) : AutoCloseable {
    private val process = ProcessBuilder(*command).start()
    private val lines = LinkedBlockingQueue<String>()
    private val errorLines = LinkedBlockingQueue<String>()
    private val errors = CompletableFuture<String>()
    private val output = thread(isDaemon = true) { process.inputReader().forEachLine(lines::add) }

    init {
        thread(isDaemon = true) {
            val text = StringBuilder()
            process.errorReader().forEachLine {
                text.append(it).append('\n')
                errorLines.add(it)
            }
            errors.complete("$text")
        }
    }

    val pid: Long get() = process.pid()

    val isAlive: Boolean get() = process.isAlive

    /** The next line it prints. */
    fun line(): String = lines.poll(HANG, SECONDS) ?: fail("no line from ${process.info().commandLine()}, alive: ${process.isAlive}")

    /** The next line on stderr, which [end] has all the same. */
    fun errorLine(): String = errorLines.poll(HANG, SECONDS) ?: fail("no line on stderr, alive: ${process.isAlive}")

    /** Its whole input. */
    fun say(text: String) = process.outputWriter().use { it.write(text) }

    /** A part of its input, of which there may be more. */
    fun type(text: String) = process.outputWriter().run {
        write(text)
        flush()
    }

    fun signal(name: String) {
        // The shell's own kill: the program is not installed everywhere.
        check(ProcessBuilder("sh", "-c", "kill -$name $pid").start().waitFor() == 0) { "cannot send $name to $pid" }
    }

    /** Waits for its end. */
    fun end(seconds: Long = HANG): End {
        if (!process.waitFor(seconds, SECONDS)) fail("${process.info().commandLine()} does not end")
        output.join()
        return End(process.exitValue(), lines.toList(), errors.get(HANG, SECONDS))
    }

    /** What a [client] of this server prints, of which there is another one until it listens. Skips the test if its port is somebody else's. */
    fun heardBy(client: () -> Child): List<String> {
        while (true) {
            val end = client().use { it.end() }
            if (!isAlive) {
                val errors = end().errors
                if ("BindFailed" in errors) throw TestAbortedException("the port is taken on this machine: $errors")
                fail(errors)
            }
            if (end.status == 0) return end.lines
        }
    }

    override fun close() {
        process.destroyForcibly().waitFor()
    }

    /** How a process ended: with [lines] on stdout that nobody had taken, and [errors] on stderr. */
    data class End(val status: Int, val lines: List<String>, val errors: String)

    companion object {
        /** The command line in a JVM of its own. */
        fun hawser(vararg arguments: String, memory: String = "256m"): Child = Child(*java(memory), MAIN, *arguments)

        /** The same as `"$@"` in a [line] of the shell. */
        fun shell(line: String, vararg arguments: String, memory: String = "256m"): Child =
            Child("bash", "-c", line, "bash", *java(memory), MAIN, *arguments)

        /** Another program of ours, by the name of its class. */
        fun program(main: String, vararg arguments: String): Child = Child(*programCommand(main), *arguments)

        /** What runs it. */
        fun programCommand(main: String): Array<String> = arrayOf(*java("256m"), main)

        /** The same where SIGINT ends it even if these tests run in the background of a shell, whose children ignore it. */
        fun hawserInForeground(vararg arguments: String): Child =
            hawserPrepared("signal.signal(signal.SIGINT, signal.SIG_DFL)", *arguments)

        /** The same after [preparation], in Python, of the process that it is going to run in. */
        fun hawserPrepared(preparation: String, vararg arguments: String): Child = tool(
            "python3",
            "-c",
            "import fcntl, os, signal, sys\n${preparation.trimIndent()}\nos.execv(sys.argv[1], sys.argv[1:])",
            *java("256m"),
            MAIN,
            *arguments,
        )

        /** A program that may not be installed: then the test is skipped, except under CI. */
        fun tool(vararg command: String): Child {
            val program = command.first()
            if (System.getenv("PATH").split(File.pathSeparator).any { File(it, program).canExecute() }) return Child(*command)
            check(System.getenv("CI") != "true") { "$program is not installed" }
            throw TestAbortedException("$program is not installed")
        }

        private fun java(memory: String) = arrayOf(
            "${System.getProperty("java.home")}/bin/java",
            "-Xmx$memory",
            "-XX:MaxDirectMemorySize=$memory",
            *QUICK_START,
            *nativeAccess,
            "-cp",
            System.getProperty("java.class.path"),
        )

        /** Most of them end before it pays to compile well. */
        private val QUICK_START = arrayOf("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")

        /** The jar says so itself; newer Javas want to be told. */
        private val nativeAccess: Array<String> =
            if (Runtime.version().feature() >= 24) arrayOf("--enable-native-access=ALL-UNNAMED") else emptyArray()
        private const val MAIN = "io.hawser.samples.MainKt"
    }
}

/** Where an `echo` listens, from its first line. */
internal fun Child.port(): Int = line().let {
    it shouldMatch "listening [a-z0-9]+://127\\.0\\.0\\.1:[1-9][0-9]*"
    it.substringAfterLast(':').toInt()
}

/** A connection that has been accepted, because it has been answered. */
internal fun connected(port: Int): Socket = Socket("127.0.0.1", port).apply {
    soTimeout = 60_000
    getOutputStream().write('a'.code)
    getInputStream().read() shouldBe 'a'.code
}

/** Holds [port], or any, while [block] runs: connections are refused there, and only who asks for that very port may listen. */
internal inline fun <R> refusing(port: Int = 0, block: (port: Int) -> R): R = Socket().use {
    it.reuseAddress = true
    it.bind(InetSocketAddress(InetAddress.getLoopbackAddress(), port))
    block(it.localPort)
}

/** Returns when nobody listens there any more. */
internal suspend fun awaitRefusal(port: Int) {
    eventually(60.seconds) { shouldThrow<ConnectException> { Socket("127.0.0.1", port).close() } }
}
