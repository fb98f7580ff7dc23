package io.hawser.samples.testkit

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.io.File

/** No test opens sockets without [io.hawser.testkit.LeakCheck]; those of `core` cannot use the testkit, which is built on it. */
class LeakChecksSpec : StringSpec({
    val opening = Regex(
        """\b(Tcp|Udp|Unix|UnixDatagram|LoopbackServer)\.\w+\(|\b(Datagram|Server)?Socket\(|\w+Channel\.open\(|\bFaultProxy\.to\(|""" +
            """\b(serving|behindProxy|connected|refusing)( \{|\()""",
    )
    val checked = Regex("""\bLeakCheck\b|\b(Datagram)?ServerExtension\(|Spec : \w+Contract\(""")

    fun specs(module: String): List<File> = File("../$module/src/test/kotlin").walk().filter { it.name.endsWith("Spec.kt") }.toList()

    "every spec that opens sockets has the leak check" {
        val opened = listOf("core/testkit", "tcp", "udp", "unix", "tls", "samples").flatMap { module ->
            specs(module).map { it to it.readText() }.filter { (_, text) -> opening in text }
        }
        opened.size shouldBeGreaterThan 40
        opened.filterNot { (_, text) -> checked in text }.map { (file, _) -> file.name } shouldBe emptyList()
    }

    "this test knows a spec that opens sockets" {
        val names = specs("tcp").filter { opening in it.readText() }.map(File::getName)
        names shouldContain "TcpSpec.kt"
        names shouldContain "SocketOptionsSpec.kt"
    }
})

private operator fun Regex.contains(text: CharSequence): Boolean = containsMatchIn(text)
