package io.hawser.samples.programs

import java.io.ByteArrayOutputStream
import java.io.OutputStream
import java.io.PrintStream
import java.lang.reflect.InvocationTargetException
import kotlin.coroutines.Continuation
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.runInterruptible
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock

/** One of our programs in this JVM, which costs less than one of its own. What is printed meanwhile it has printed. */
internal class Inside private constructor(private val lines: Channel<String>, private val running: Job) {
    /** The next line it prints. */
    suspend fun line(): String = lines.receive()

    /** What it prints from now on, to its end. */
    suspend fun end(): List<String> {
        running.join()
        return generateSequence { lines.tryReceive().getOrNull() }.toList()
    }

    companion object {
        /** There is one stdout. */
        private val turn = Mutex()

        /** Runs the program [name] while [block] has to do with it, and stops it then. One program at a time. */
        suspend fun <T> run(name: String, vararg arguments: String, block: suspend (Inside) -> T): T = turn.withLock {
            val lines = Channel<String>(Channel.UNLIMITED)
            val out = System.out
            System.setOut(PrintStream(LineOutput(lines::trySend), true, Charsets.UTF_8))
            try {
                // Returns, or fails, when the program has ended.
                coroutineScope {
                    val running = launch(Dispatchers.Default + CoroutineName(name)) { main(name, arguments) }
                    block(Inside(lines, running)).also { running.cancel() }
                }
            } finally {
                System.setOut(out)
            }
        }

        private suspend fun main(name: String, arguments: Array<out String>) {
            val program = Class.forName("$PROGRAMS.$name")
            val suspending = program.methods.find { it.name == "main" && it.parameterTypes.lastOrNull() == Continuation::class.java }
            if (suspending == null) {
                val main = program.getMethod("main", Array<String>::class.java)
                runInterruptible(Dispatchers.IO) { call { main.invoke(null, arguments) } }
            } else {
                val all = if (suspending.parameterCount == 1) emptyArray() else arrayOf<Any>(arguments)
                suspendCoroutineUninterceptedOrReturn<Any?> { call { suspending.invoke(null, *all, it) } }
            }
        }

        private inline fun <T> call(invoke: () -> T): T = try {
            invoke()
        } catch (e: InvocationTargetException) {
            throw checkNotNull(e.cause)
        }
    }
}

private class LineOutput(private val say: (String) -> Unit) : OutputStream() {
    private val line = ByteArrayOutputStream()

    @Synchronized
    override fun write(byte: Int) {
        if (byte != '\n'.code) {
            line.write(byte)
        } else {
            say(line.toString(Charsets.UTF_8))
            line.reset()
        }
    }
}
