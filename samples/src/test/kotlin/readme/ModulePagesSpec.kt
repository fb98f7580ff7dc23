package io.hawser.samples.readme

import io.hawser.samples.Child
import io.hawser.testkit.LeakCheck
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.ByteArrayOutputStream
import java.io.PrintStream
import java.nio.file.Files
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runInterruptible

/** Each module has a page of its own, which begins with a program that runs. */
class ModulePagesSpec : StringSpec({
    extension(LeakCheck)
    timeout = 120_000

    val folder = tempdir()

    "every module has a page, with its dependency if it is a library, that begins with a whole program" {
        val modules = Regex("<module>(.*)</module>").findAll(root.resolve("pom.xml").readText()).map { it.groupValues[1] }
        val compiled = modules.filter { root.resolve("$it/src/main").isDirectory }.toList()
        compiled.size shouldBeGreaterThan 13
        for (module in compiled) {
            withClue(module) { root.resolve("$module/README.md").isFile shouldBe true }
        }
        val sources = files("kt", "java").map { file ->
            file.readText().substringAfter("\n\n").words(isJava = file.extension == "java")
        }.toSet()
        // The pages of the benchmarks and of the site have a command.
        for (module in compiled - setOf("samples/benchmarks", "samples/documentation")) {
            withClue(module) {
                val page = root.resolve("$module/README.md")
                val artifact = "<artifactId>hawser-${module.substringAfterLast('/')}</artifactId>"
                if (module != "samples") page.readText() shouldContain artifact
                val program = page.pieces().first { it.language == "kotlin" || it.isJava }
                (program.words in sources) shouldBe true
                listOf("fun main(", "void main(", " : StringSpec(").count { it in program.text } shouldBe 1
            }
        }
    }

    "the core squares numbers, whatever the transport" {
        printed("CoreExampleKt") shouldBe listOf("49 and 144")
        printed("CoreExampleKt", "unix:$folder/core.sock") shouldBe listOf("49 and 144")
    }

    "TCP, UDP and threads that wait answer in capitals" {
        for (example in listOf("TcpExampleKt", "UdpExampleKt", "BlockingExample")) printed(example) shouldBe listOf("HELLO")
    }

    "a Unix socket knows who comes" {
        val uid = Files.getAttribute(folder.toPath(), "unix:uid")
        printed("UnixExampleKt", "$folder/whoami.sock") shouldBe listOf("you are user $uid")
    }

    "TLS takes the certificate that the page has made" {
        Child.tool("openssl", "version").use { it.end().status shouldBe 0 }
        val command = root.resolve("tls/README.md").pieces().first { it.language == "sh" }.text
        Child.tool("bash", "-c", "cd $folder && $command").use { openssl ->
            val end = openssl.end()
            withClue(end.errors) { end.status shouldBe 0 }
        }
        printed("TlsExampleKt", "$folder") shouldBe listOf("secret over TLSv1.3")
    }

    "a hub has a message for who comes late, and a broker an answer" {
        printed("MessagingExampleKt") shouldBe listOf("progress: {step=1}")
        printed("BrokerExampleKt") shouldBe listOf("HELLO")
    }

    "a server is as the file of the page says" {
        val file = folder.resolve("hawser.toml")
        file.writeText(root.resolve("core/config/README.md").pieces().first { it.language == "toml" }.text)
        printed("ConfigExampleKt", "$file") shouldBe listOf("at most 10000 connections")
    }

    "a meter has counted the bytes" {
        printed("MicrometerExampleKt") shouldBe listOf("6.0 bytes read")
    }
})

/** What the program [main] says on standard output, line by line. */
private suspend fun printed(main: String, vararg arguments: String): List<String> {
    val program = Class.forName("io.hawser.samples.readme.modules.$main").getMethod("main", Array<String>::class.java)
    val output = ByteArrayOutputStream()
    val before = System.out
    System.setOut(PrintStream(output, true))
    try {
        runInterruptible(Dispatchers.IO) { program.invoke(null, arguments) }
    } finally {
        System.setOut(before)
    }
    return output.toString().lines().dropLast(1)
}
