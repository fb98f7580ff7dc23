package io.hawser.tls

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.io.IOException
import java.net.URI
import java.nio.file.AccessDeniedException
import java.nio.file.FileSystems
import java.nio.file.Files
import java.nio.file.Path
import java.security.KeyStore
import java.security.KeyStore.PrivateKeyEntry
import kotlin.io.path.copyTo
import kotlin.io.path.createDirectory
import kotlin.io.path.writeBytes
import kotlinx.coroutines.flow.toList

class TlsIdentitySpec : StringSpec({
    val files = OpenSsl()
    val secret = "secret".toCharArray()

    fun refused(file: Path?, make: () -> TlsIdentity): String {
        val failure = shouldThrow<InvalidTlsConfiguration> { make() }
        failure.file shouldBe file
        return failure.message.orEmpty().removePrefix("$file: ")
    }

    fun refusedPem(fault: String, certificate: String = "a", key: String = "a.key") =
        refused(files.file(fault)) { TlsIdentity.pem(files.file(certificate), files.file(key)) }

    fun refusedStore(store: String, password: CharArray = secret, alias: String? = null) =
        refused(files.file(store)) { TlsIdentity.pkcs12(files.file(store), password, alias) }

    fun entry(store: String, alias: String): PrivateKeyEntry = KeyStore.getInstance(files.file(store).toFile(), secret)
        .getEntry(alias, KeyStore.PasswordProtection(secret)) as PrivateKeyEntry

    beforeSpec {
        files.fresh("a")
        files.fresh("b")
        files.fresh("rsa", "DNS:a.example", "RSA")
        files.run("pkcs12", "-export", "-in", "a", "-inkey", "a.key", "-name", "mine", "-out", "a.p12", "-passout", "pass:secret")
        for (alias in listOf("one", "two")) {
            files.keytool(
                "-genkeypair", "-alias", alias, "-keyalg", "EC", "-dname", "CN=$alias", "-validity", "36500",
                "-keystore", "two.p12", "-storetype", "PKCS12", "-storepass", "secret",
            )
        }
        files.keytool(
            "-genkeypair", "-alias", "old", "-keyalg", "EC", "-dname", "CN=old", "-startdate", "2001/02/03 00:00:00", "-validity", "1",
            "-keystore", "old.p12", "-storetype", "PKCS12", "-storepass", "secret",
        )
        files.keytool(
            "-genkeypair", "-alias", "new", "-keyalg", "EC", "-dname", "CN=new", "-startdate", "2101/02/03 00:00:00", "-validity", "1",
            "-keystore", "new.p12", "-storetype", "PKCS12", "-storepass", "secret",
        )
    }

    "an identity is that of PEM files, of a PKCS#12 file, of an entry" {
        val pem = TlsIdentity.pem(files.file("a"), files.file("a.key"))
        "$pem" shouldBe "TlsIdentity(${files.file("a")}, ${files.file("a.key")})"
        val store = TlsIdentity.pkcs12(files.file("a.p12"), secret)
        "$store" shouldBe "TlsIdentity(${files.file("a.p12")})"
        val entry = TlsIdentity.of(entry("a.p12", "mine"))
        "$entry" shouldBe "TlsIdentity(CN=a)"
        for (identity in listOf(store, entry)) identity.current().chain shouldBe pem.current().chain
        pem.refreshed() shouldBeSameInstanceAs pem.current()
        pem.events.toList() shouldBe emptyList()
        secret.concatToString() shouldBe "secret"
    }

    "a certificate and its key may be one file, in whatever file system" {
        files.write("both", files.text("a.key") + files.text("a"))
        TlsIdentity.pem(files.file("both"), files.file("both")).current().chain.size shouldBe 1
        FileSystems.newFileSystem(URI("jar:${files.file("files.zip").toUri()}"), mapOf("create" to "true")).use { zip ->
            val copy = files.file("both").copyTo(zip.getPath("/both"))
            TlsIdentity.pem(copy, copy).current().chain.size shouldBe 1
            TlsIdentity.pkcs12(files.file("a.p12").copyTo(zip.getPath("/a.p12")), secret).current().chain.size shouldBe 1
        }
    }

    "what cannot be read is refused with the reason" {
        refusedPem("none", certificate = "none") shouldBe "there is no such file"
        refusedPem("none", key = "none") shouldBe "there is no such file"
        files.file("folder").createDirectory()
        refusedPem("folder", certificate = "folder") shouldBe "is a folder, where a file is expected"
        files.file("large").writeBytes(ByteArray((1 shl 20) + 1))
        refusedPem("large", key = "large") shouldBe "has more than 1048576 bytes, which no key and no certificates have"
        refused(Path.of("/dev/zero")) { TlsIdentity.pem(Path.of("/dev/zero"), files.file("a.key")) } shouldBe "is no regular file"
        whyUnreadable(AccessDeniedException("x")) shouldBe "the system does not allow to read it"
        whyUnreadable(IOException("bad sector")) shouldBe "cannot be read: bad sector"
    }

    "a file that the system does not let us read is refused" {
        files.write("closed", files.text("a.key"))
        Files.setPosixFilePermissions(files.file("closed"), emptySet())
        if (!Files.isReadable(files.file("closed"))) refusedPem("closed", key = "closed") shouldBe "the system does not allow to read it"
    }

    "a key that is not that of the certificate is refused" {
        refusedPem("b.key", key = "b.key") shouldBe "the private key is not that of the certificate of CN=a"
        refusedPem("rsa.key", key = "rsa.key") shouldBe "the private key is of RSA, but the certificate of CN=a of EC"
        files.write("chain", files.text("b") + files.text("a"))
        refusedPem("chain", certificate = "chain") shouldBe
            "the first certificate is not that of the private key, but number 2, which has to be first"
        refusedPem("a.key", certificate = "a.key", key = "a") shouldBe "a certificate is expected, and it holds: PRIVATE KEY"
        refusedPem("a", key = "a") shouldBe "a private key is expected, and it holds: CERTIFICATE"
    }

    "a certificate that is not valid today is refused with its dates" {
        refusedStore("old.p12") shouldContain Regex("^the certificate of CN=old expired at 2001-02-0[34]T.*Z$")
        refusedStore("new.p12") shouldContain Regex("^the certificate of CN=new is not valid before 2101-02-0[23]T.*Z$")
        refused(null) { TlsIdentity.of(entry("old.p12", "old")) } shouldStartWith "the certificate of CN=old expired at 2001-02-0"
    }

    "an entry of several is that of the alias" {
        TlsIdentity.pkcs12(files.file("two.p12"), secret, "TWO").current().chain.single().subjectX500Principal.name shouldBe "CN=two"
        refusedStore("two.p12") shouldBe "holds several private keys, and no alias is given: one, two"
        refusedStore("two.p12", alias = "three") shouldBe "holds no private key \"three\", but: one, two"
        files.run("pkcs12", "-export", "-nokeys", "-in", "a", "-out", "nokeys.p12", "-passout", "pass:secret")
        refusedStore("nokeys.p12") shouldBe "holds no private key with its certificate"
    }

    "a store that cannot be opened is refused" {
        refusedStore("a.p12", "other".toCharArray()) shouldBe "the password is wrong, or the file is damaged"
        refusedStore("a") shouldBe "is not PKCS#12, but PEM"
        refusedStore("none") shouldBe "there is no such file"
        val content = contentOf(files.file("a.p12"))
        for (size in content.indices step 7) {
            files.file("short.p12").writeBytes(content.copyOf(size))
            refusedStore("short.p12") shouldNotContain "secret"
        }
        for (i in content.indices step 3) {
            files.file("flipped.p12").writeBytes(content.clone().also { it[i] = (it[i].toInt() xor 0x41).toByte() })
            try {
                TlsIdentity.pkcs12(files.file("flipped.p12"), secret)
            } catch (_: InvalidTlsConfiguration) {
                continue
            }
        }
    }
})
