package io.hawser.benchmarks

import io.hawser.benchmarks.server.CEpoll
import io.hawser.benchmarks.server.ECHO
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.engine.spec.tempfile
import io.kotest.matchers.shouldBe

/** The load generator in front of a server without TLS. */
internal class LoadSpec : FunSpec({
    val processes = autoClose(Processes())
    val tools = Tools(processes)
    val file = tempfile().toPath()

    fun tls(): Enabled = try {
        if (System.getenv("CI") != "true") tools.certificate()
        Enabled.enabled
    } catch (e: Unavailable) {
        Enabled.disabled(e.message)
    }

    fun complaint(mode: String, scheme: String, vararg more: String): String {
        val server = processes.start(ProcessBuilder(CEpoll.command(tools, emptyList(), ECHO, file)))
        val address = server.inputReader().readLine().substringAfter("://")
        val words = listOf("${tools.compileLoad()}", mode, "$scheme://$address", "1", "1", "0", "0.1", "1")
        val load = processes.start(ProcessBuilder(words + more))
        return load.errorReader().readText().trim().also {
            load.waitFor() shouldBe 1
            server.destroyForcibly()
        }
    }

    test("who does not speak TLS fails at the handshake").config(enabledOrReasonIf = { tls() }) {
        complaint("echo", "tls") shouldBe "no TLS handshake: unexpected message"
        complaint("connect", "tls") shouldBe "cannot connect: unexpected message"
    }

    test("who gives no session to be resumed fails").config(enabledOrReasonIf = { tls() }) {
        complaint("connect", "tcp", "resume=1") shouldBe "the server gives no session that could be resumed"
    }
})
