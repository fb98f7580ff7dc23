package io.hawser.samples.top

import java.io.FileDescriptor
import java.io.FileOutputStream
import java.io.StringWriter
import kotlin.time.Duration
import org.jline.terminal.Attributes
import org.jline.terminal.Attributes.ControlChar
import org.jline.terminal.Attributes.LocalFlag
import org.jline.terminal.Size
import org.jline.terminal.Terminal
import org.jline.terminal.TerminalBuilder
import org.jline.utils.AttributedString
import org.jline.utils.Curses
import org.jline.utils.Display
import org.jline.utils.InfoCmp.Capability
import org.jline.utils.NonBlockingReader

/**
 * All of the terminal that this process was started on, until it is closed: then that is as it was. A signal that ends the process closes
 * it too, and then its functions fail. For one thread at a time.
 */
internal class Screen private constructor(private val terminal: Terminal, private val hasColours: Boolean) : AutoCloseable {
    private val display = Display(terminal, true)
    private val before: Attributes = terminal.enterRawMode()

    /** Written past the terminal object, which a signal may have closed before us. */
    private val farewell = capabilities(Capability.cursor_normal, Capability.exit_ca_mode)
    private val hasBars = terminal.encoding() == Charsets.UTF_8

    init {
        terminal.attributes = Attributes(terminal.attributes).apply {
            setLocalFlag(LocalFlag.ISIG, true)
            // Who stopped this process would find the terminal as it is now, and what a JVM says at the other would stay on the screen.
            listOf(ControlChar.VSUSP, ControlChar.VQUIT).forEach { setControlChar(it, 0) }
        }
        terminal.writer().print(capabilities(Capability.enter_ca_mode, Capability.cursor_invisible))
        terminal.flush()
    }

    /** Shows what [render] makes for a screen of this size. */
    fun paint(render: (Frame) -> List<AttributedString>) {
        // Some terminals do not tell.
        val size = Size.of(terminal).takeIf { it.columns > 0 && it.rows > 0 } ?: usual
        if (size.columns != display.columns || size.rows != display.rows) {
            display.resize(size)
            display.clear()
        }
        val lines = render(Frame(size.columns, size.rows, hasBars))
        display.update(if (hasColours) lines else lines.map { AttributedString("$it") }, -1)
    }

    /** The next key, if one comes within [wait]. */
    fun key(wait: Duration): Char? {
        val key = terminal.reader().read(wait.inWholeMilliseconds)
        return if (key == NonBlockingReader.READ_EXPIRED) {
            null
        } else if (key == NonBlockingReader.EOF) {
            END
        } else {
            key.toChar()
        }
    }

    override fun close() {
        FileOutputStream(FileDescriptor.out).write(farewell.toByteArray())
        try {
            terminal.use { it.attributes = before }
        } catch (_: IllegalStateException) {
            // At a signal the library has closed it, as it was.
        }
    }

    private fun capabilities(vararg wanted: Capability): String = StringWriter().also { out ->
        wanted.mapNotNull(terminal::getStringCapability).forEach { Curses.tputs(out, it) }
    }.toString()

    companion object {
        /** There are no more keys to come. */
        const val END = '\u0004'

        private val usual = Size.of(80, 24)

        /**
         * Takes the terminal, without its colours for those who want none by `NO_COLOR`.
         *
         * @throws IllegalStateException if there is none.
         */
        fun open(): Screen {
            val terminal = TerminalBuilder.builder().system(true).dumb(false).nativeSignals(false).graphemeCluster(false).build()
            return Screen(terminal, hasColours = System.getenv("NO_COLOR").isNullOrEmpty())
        }
    }
}
