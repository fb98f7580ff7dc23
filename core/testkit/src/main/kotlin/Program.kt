package io.hawser.testkit

import java.io.BufferedReader
import java.io.File
import java.io.IOException
import java.nio.file.Path
import java.util.concurrent.TimeUnit.SECONDS
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import org.opentest4j.TestAbortedException

/**
 * A program of somebody else's in a process of its own, for tests that talk to one: Python, netcat, OpenSSL. Whoever starts it closes it,
 * which kills it and all that it has started.
 *
 * What it prints, errors too, is read by one coroutine at a time. Where the program is not installed, starting it aborts the test, which
 * then counts as skipped, and fails it if the variable `CI` of the environment is `true`.
 */
public class Program internal constructor(private val process: Process, private val patience: Duration = HANG) : AutoCloseable {
    private val output: BufferedReader = process.inputReader()

    /** Safe in threads: a read goes on when nobody waits for it any more. */
    private val skipped = StringBuffer()

    /** Its process number. */
    public val pid: Long get() = process.pid()

    /**
     * Returns the next line it prints, or null at its end. Cancelling it kills the program, because nothing else ends the read of a pipe;
     * so does a wait of over two minutes. They are of real time, also in [virtualTime].
     *
     * @throws AssertionError after two minutes, naming the program.
     */
    public suspend fun line(): String? = reading { output.readLine() }

    /**
     * Reads to the first line that [matches], asked on another thread, and returns that; otherwise as [line], for all lines together.
     *
     * @throws IllegalStateException if it ends before, with what it printed instead.
     */
    @JvmOverloads
    public suspend fun awaitLine(what: String, matches: (String) -> Boolean = { it == what }): String = reading {
        var line = output.readLine()
        while (line != null && !matches(line)) {
            skipped.append(line).append('\n')
            line = output.readLine()
        }
        checkNotNull(line) { "no \"$what\" in:\n$skipped" }
    }

    /** Returns what it prints until it ends, behind what [awaitLine] skipped, and its exit status; otherwise as [line]. */
    public suspend fun finish(): Pair<String, Int> = reading { "$skipped${output.readText()}" to process.waitFor() }

    /** Gives it [text] to read. It blocks while the program does not read and the pipe is full. */
    public fun say(text: String): Unit = process.outputWriter().run {
        write(text)
        flush()
    }

    /** Ends what it reads. */
    public fun endInput(): Unit = process.outputStream.close()

    /** Sends it the signal [name], `TERM` for instance. */
    public fun signal(name: String) {
        // The shell's own kill: the program is not installed everywhere.
        check(process.isAlive && ProcessBuilder("sh", "-c", "kill -$name $pid").start().waitFor() == 0) { "cannot send $name to $pid" }
    }

    /**
     * Kills it and all that it has started, stopped or not; where there is no `setsid`, as on macOS, all but what it starts at that very
     * moment. What it has printed can still be read.
     */
    public fun kill() {
        killGroup()
        process.descendants().forEach { it.destroyForcibly() }
        // The process itself would close its pipes with that.
        process.toHandle().destroyForcibly()
        process.waitFor(LAST_BREATH.inWholeSeconds, SECONDS)
        // It may have become a group after the first look.
        killGroup()
    }

    /** [kill]s it, and lets go of its pipes. */
    override fun close() {
        kill()
        process.inputStream.close()
        try {
            process.outputStream.close()
        } catch (_: IOException) {
            // What was to be said may be left in it.
        }
        process.errorStream.close()
    }

    override fun toString(): String = "program $pid: ${process.info().commandLine().orElse("ended")}"

    /** What it has started, and it is the only way to find what has lost its parent, or is just being started. */
    private fun killGroup() {
        // Once it has been reaped, who has its number is somebody else.
        if (session.isEmpty() || (!process.isAlive && ProcessHandle.of(pid).isPresent)) return
        // Nobody is there when all have ended.
        ProcessBuilder("sh", "-c", "kill -s KILL -- -$pid 2>/dev/null").start().waitFor()
    }

    private suspend fun <T> reading(read: () -> T): T {
        // Nobody's child: what has left the group may hold the pipe, and the read, for as long as it likes.
        val reading = CoroutineScope(Dispatchers.IO).async { read() }
        try {
            withContext(Dispatchers.IO) { withTimeoutOrNull(patience) { reading.join() } }
                ?: throw AssertionError("$this has kept us waiting for $patience, and printed before:\n$skipped")
        } catch (e: Throwable) {
            close()
            throw e
        }
        return reading.await()
    }

    public companion object {
        /** Nothing in a test takes this long unless it hangs. */
        private val HANG = 120.seconds
        private val LAST_BREATH = 10.seconds

        /** Starts [command]. */
        @JvmStatic
        public fun start(vararg command: String): Program = start(null, *command)

        /** Starts [command] in [folder]; null for that of this process. */
        @JvmStatic
        public fun start(folder: Path?, vararg command: String): Program {
            require(command.first())
            return Program(ProcessBuilder(session + command).directory(folder?.toFile()).redirectErrorStream(true).start())
        }

        /**
         * Starts the class [main] of this class path with [arguments] in a Java of its own, with the [options] of that, by the command
         * [wrapper], of the parts of the class path that [classPath] keeps.
         */
        @JvmSynthetic
        public fun java(
            main: String,
            vararg arguments: String,
            options: List<String> = listOf("-Xmx256m"),
            wrapper: List<String> = emptyList(),
            classPath: (String) -> Boolean = { true },
        ): Program {
            val path = System.getProperty("java.class.path").split(File.pathSeparator).filter(classPath).joinToString(File.pathSeparator)
            val java = listOf("${System.getProperty("java.home")}/bin/java") + NATIVE_ACCESS + options + listOf("-cp", path, main)
            return start(*(wrapper + java + arguments).toTypedArray())
        }

        /** Starts the class [main] of this class path with [arguments] in a Java of its own. */
        @JvmStatic
        public fun java(main: Class<*>, vararg arguments: String): Program = java(main.name, *arguments)

        /** What makes a program the leader of a group of its own, with its number. */
        private val session: List<String> by lazy { if (isInstalled("setsid")) interruptible + "setsid" else emptyList() }

        /** What a shell has started in the background ignores SIGINT, and so would whatever that starts; only some systems' `env` knows. */
        private val interruptible: List<String> by lazy {
            val command = listOf("env", "--default-signal=INT")
            val isKnown = ProcessBuilder(command + "true").redirectErrorStream(true).start().waitFor() == 0
            if (isKnown) command else emptyList()
        }

        private fun isInstalled(program: String): Boolean =
            File(program).canExecute() || System.getenv("PATH").split(File.pathSeparator).any { File(it, program).canExecute() }

        /** Aborts the test if [program] is not installed, or fails it under CI. */
        @JvmStatic
        public fun require(program: String) {
            if (isInstalled(program)) return
            check(System.getenv("CI") != "true") { "$program is not installed" }
            throw TestAbortedException("$program is not installed")
        }

        /** Newer Javas want to be told. */
        private val NATIVE_ACCESS: List<String> =
            if (Runtime.version().feature() >= 24) listOf("--enable-native-access=ALL-UNNAMED") else emptyList()
    }
}
