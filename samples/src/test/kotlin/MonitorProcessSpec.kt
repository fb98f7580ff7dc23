package io.hawser.samples

import io.hawser.testkit.LeakCheck
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldMatch
import io.kotest.matchers.string.shouldNotContain
import java.util.UUID

/** `--monitor`, and `top` as its users meet it: on a terminal, and in a pipe. */
class MonitorProcessSpec : StringSpec({
    extension(LeakCheck)
    timeout = 180_000

    val folder = tempdir().toPath()

    /** Runs `top` on a terminal of 80 columns, has [answer] of Python see to it, and prints what is left on the terminal at the end. */
    fun onTerminal(monitor: String, answer: String) = Child.hawserPrepared(
        """
        import pty, re, struct, termios
        pid, terminal = pty.fork()
        if pid:
            before = termios.tcgetattr(terminal)
            shown = b''
            def await_text(text):
                global shown
                while text not in re.sub(rb'\x1b\[[0-9;?]*[a-zA-Z]', b' ', shown): shown += os.read(terminal, 65536)
            ${answer.replace("\n", "\n            ")}
            try:
                while True: shown += os.read(terminal, 65536)
            except OSError: pass
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            print(b'\x1b[?1049h' in shown, b'\x1b[?1049l' in shown[shown.index(b'\x1b[?1049h'):])
            sys.exit(0)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.environ['TERM'] = 'xterm'
        os.environ['LC_ALL'] = 'C.UTF-8'
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
        """,
        "top",
        monitor,
    )

    "top shows a server once for a script, and live on a terminal, which it leaves as it was" {
        Child.hawser("echo", "--on", "127.0.0.1:0", "--monitor", "127.0.0.1:0").use { server ->
            val told = server.errorLine()
            told shouldMatch "monitor tcp://127\\.0\\.0\\.1:[1-9][0-9]*"
            val monitor = told.removePrefix("monitor ")
            val port = server.port()
            connected(port).use {
                Child.hawser("top", "--once", monitor).use { top ->
                    val end = top.end()
                    end.status shouldBe 0
                    end.lines.first() shouldMatch "echo  tcp://127\\.0\\.0\\.1:$port  up [0-9]+s +UP"
                    end.lines shouldContain "connections 1"
                    end.lines.joinToString("\n") shouldNotContain "\u001b"
                }
                onTerminal(monitor, "await_text(b'127.0.0.1:')\nos.write(terminal, b'q')").use { top ->
                    top.end().run { listOf(status, lines) shouldBe listOf(0, listOf("0", "True True")) }
                }
                onTerminal(monitor, "await_text(b'UP')\nos.write(terminal, b'\\x03')").use { top ->
                    top.end().run { listOf(status, lines) shouldBe listOf(0, listOf("0", "True True")) }
                }
            }
            server.signal("TERM")
            server.end().status shouldBe 0
        }
    }

    "top of a broker tells how long its requests take" {
        val (endpoint, monitor) = listOf("unix:$folder/broker.sock", "unix:$folder/broker-monitor.sock")
        val channel = "${UUID.randomUUID()}"
        Child.hawser("broker", "--on", endpoint, "--monitor", monitor).use { broker ->
            broker.line() shouldBe "listening $endpoint"
            Child.hawser("broker", "provide", endpoint, channel, "--exec", "cat").use { provider ->
                provider.line() shouldBe "registered $channel at $endpoint"
                Child.hawser("top", monitor).use { top ->
                    // Whoever watches from now on hears of the request.
                    top.line() shouldContain "broker  $endpoint"
                    Child.hawser("broker", "request", endpoint, channel).use {
                        it.say("hello")
                        it.end().lines shouldBe listOf("hello")
                    }
                    generateSequence { top.line() }.first { it.startsWith("request delay") } shouldMatch
                        "request delay( +[0-9.]+ (us|ms|s)){3}"
                    generateSequence { top.line() }.first { it.startsWith(channel) } shouldMatch "$channel .* [0-9.]+ (us|ms|s) .*"
                    top.signal("TERM")
                    top.end().run {
                        status shouldBe 0
                        errors shouldEndWith "stopped\n"
                    }
                }
            }
        }
    }
})
