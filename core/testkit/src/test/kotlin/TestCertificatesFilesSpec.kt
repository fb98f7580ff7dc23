package io.hawser.testkit

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.File
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermissions
import kotlin.io.path.getPosixFilePermissions
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.name
import kotlin.io.path.readText
import kotlin.io.path.writeText
import org.opentest4j.TestAbortedException

class TestCertificatesFilesSpec : StringSpec({
    extension(LeakCheck)

    val certificates = TestCertificates.create("localhost", "127.0.0.1", "::1")

    "files are in their folder, and keys are their owner's" {
        val folder = tempdir().toPath().resolve("a/b")
        certificates.writeTo(folder) shouldBe folder
        folder.listDirectoryEntries().map { it.name }.sorted() shouldBe
            listOf("authority.pem", "client.key", "client.pem", "server.key", "server.pem")
        folder.resolve("authority.pem").readText() shouldBe TestCertificates.pem(certificates.authority)
        folder.resolve("server.pem").readText() shouldBe TestCertificates.pem(certificates.server)
        folder.resolve("server.key").readText() shouldBe TestCertificates.keyPem(certificates.server)
        for (key in listOf("server.key", "client.key")) folder.resolve(key).permissions shouldBe "rw-------"
    }

    "a file that is there is replaced, and where a link leads is left alone" {
        val folder = tempdir().toPath()
        val elsewhere = tempdir().toPath().resolve("elsewhere").apply { writeText("mine") }
        val key = folder.resolve("server.key").apply { writeText("old") }
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-rw-rw-"))
        Files.createSymbolicLink(folder.resolve("server.pem"), elsewhere)
        TestCertificates.write(certificates.expired, folder, "server") shouldBe folder
        key.permissions shouldBe "rw-------"
        key.readText() shouldBe TestCertificates.keyPem(certificates.expired)
        folder.resolve("server.pem").readText() shouldBe TestCertificates.pem(certificates.expired)
        elsewhere.readText() shouldBe "mine"
        folder.listDirectoryEntries().map { it.name }.sorted() shouldBe listOf("server.key", "server.pem")
    }

    "what is not the name of a file writes nothing" {
        val folder = tempdir().toPath()
        for (name in listOf("", "a/b", "../a", "/a")) {
            shouldThrow<IllegalArgumentException> { TestCertificates.write(certificates.server, folder, name) }.message shouldBe
                "not the name of a file: \"$name\""
        }
        folder.listDirectoryEntries() shouldBe emptyList()
    }

    "OpenSSL takes certificates and keys of every kind" {
        val folder = certificates.writeTo(tempdir().toPath())
        openssl(folder, "$VERIFY -purpose sslserver -verify_hostname localhost server.pem") shouldBe "server.pem: OK"
        for (address in listOf("127.0.0.1", "::1")) openssl(folder, "$VERIFY -verify_ip $address server.pem") shouldBe "server.pem: OK"
        openssl(folder, "$VERIFY -purpose sslclient client.pem") shouldBe "client.pem: OK"
        openssl(folder, "$VERIFY -purpose sslclient server.pem") shouldContain "purpose"
        openssl(folder, "$VERIFY -verify_hostname other.example server.pem") shouldContain "hostname mismatch"
        openssl(folder, "pkey -in server.key -check -noout") shouldBe "Key is valid"

        TestCertificates.write(certificates.expired, folder, "expired")
        openssl(folder, "$VERIFY expired.pem") shouldContain "certificate has expired"
        TestCertificates.write(certificates.issue { intermediates = 2 }, folder, "deep")
        openssl(folder, "$VERIFY -untrusted deep.pem deep.pem") shouldBe "deep.pem: OK"

        for (kind in CertificateKey.entries) {
            withClue(kind) {
                TestCertificates.write(certificates.issue { key = kind }, folder, "$kind")
                openssl(folder, "$VERIFY -auth_level 0 $kind.pem") shouldBe "$kind.pem: OK"
                openssl(folder, "pkey -in $kind.key -check -noout") shouldBe "Key is valid"
                openssl(folder, "x509 -in $kind.pem -noout -pubkey") shouldBe openssl(folder, "pkey -in $kind.key -pubout")
            }
        }
    }
})

private const val VERIFY = "verify -CAfile authority.pem -x509_strict"

private val Path.permissions: String get() = PosixFilePermissions.toString(getPosixFilePermissions())

/** What it prints. Where it is not installed the test is skipped, and fails under CI. */
private fun openssl(folder: Path, arguments: String): String {
    if (System.getenv("PATH").split(File.pathSeparator).none { File(it, "openssl").canExecute() }) {
        check(System.getenv("CI") != "true") { "openssl is not installed" }
        throw TestAbortedException("openssl is not installed")
    }
    val command = listOf("openssl") + arguments.split(' ')
    return ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start().inputReader().use { it.readText() }.trim()
}
