package io.hawser.samples.demo

import io.hawser.tls.ClientTls
import io.hawser.tls.ServerTls
import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path
import java.security.KeyStore
import java.security.KeyStore.PasswordProtection
import java.security.cert.X509Certificate
import java.util.UUID
import java.util.concurrent.TimeUnit.MINUTES
import kotlin.io.path.deleteIfExists
import kotlin.io.path.inputStream
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runInterruptible

private const val PASSWORD = "HAWSER_DEMO_PASSWORD"

/** A certificate for [NAME] that is known to nobody but this process, and gone with it. */
internal class Certificate private constructor(entry: KeyStore.PrivateKeyEntry) {
    /** Shows it. */
    val server: ServerTls = ServerTls { identity(entry) }

    /** Trusts it, and nothing else. */
    val client: ClientTls = ClientTls { trust(entry.certificate as X509Certificate) }

    companion object {
        const val NAME: String = "localhost"

        /**
         * Has the JDK's keytool make one: its libraries know no way to. The key is on the disk for as long as that takes, under a password
         * that nobody learns.
         *
         * @throws NoCertificate if that fails.
         */
        suspend fun make(): Certificate = runInterruptible(Dispatchers.IO) {
            val folder = Files.createTempDirectory("hawser-demo")
            val store = folder.resolve("certificate.p12")
            // Also if the demo is ended meanwhile; what is named last goes first.
            folder.toFile().deleteOnExit()
            store.toFile().deleteOnExit()
            try {
                val password = UUID.randomUUID().toString()
                keytool(store, password)
                Certificate(entryOf(store, password.toCharArray()))
            } finally {
                store.deleteIfExists()
                Files.delete(folder)
            }
        }

        private fun keytool(store: Path, password: String) {
            val keytool = Path.of(System.getProperty("java.home"), "bin", "keytool")
            val command = ProcessBuilder(
                "$keytool", "-genkeypair", "-alias", "demo", "-dname", "CN=$NAME", "-ext", "san=dns:$NAME", "-validity", "1",
                "-keyalg", "EC", "-groupname", "secp256r1", "-storetype", "PKCS12", "-keystore", "$store", "-storepass:env", PASSWORD,
            )
            command.environment()[PASSWORD] = password
            val process = try {
                command.redirectErrorStream(true).start()
            } catch (e: IOException) {
                throw NoCertificate("$keytool cannot be run; --on leaves TLS out", e)
            }
            try {
                process.outputStream.close()
                if (!process.waitFor(1, MINUTES)) throw NoCertificate("$keytool does not end")
                if (process.exitValue() != 0) throw NoCertificate("$keytool: ${process.inputReader().readText()}")
            } finally {
                process.destroyForcibly().waitFor()
            }
        }

        private fun entryOf(store: Path, password: CharArray): KeyStore.PrivateKeyEntry {
            val keys = KeyStore.getInstance("PKCS12")
            store.inputStream().use { keys.load(it, password) }
            return keys.getEntry("demo", PasswordProtection(password)) as KeyStore.PrivateKeyEntry
        }
    }
}
