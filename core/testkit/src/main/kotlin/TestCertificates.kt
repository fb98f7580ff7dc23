package io.hawser.testkit

import io.hawser.testkit.certificates.Authority
import io.hawser.testkit.certificates.pemBlock
import io.hawser.testkit.certificates.writePem
import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path
import java.security.KeyStore
import java.security.cert.X509Certificate
import java.time.Duration
import java.time.Instant

/**
 * An authority of its own with certificates for tests: `TestCertificates.create("localhost", "127.0.0.1").server`. Each is the same
 * however often it is asked for, and most are made when that is first done; any thread may ask.
 *
 * An entry's chain is what its holder sends: the certificate, then its intermediates, without the [authority], which the peer has to
 * trust. Certificates are valid from an hour ago to a day ahead unless their name says otherwise, and their keys are new ones on the
 * curve P-256. No security provider is registered.
 */
public class TestCertificates private constructor(private val names: Array<out String>) {
    private val root = Authority.create()

    /** The authority that signs all certificates here, self-signed; valid for a month before and after now. */
    public val authority: X509Certificate get() = root.certificate

    /** A server's, for the names that this was created with. */
    public val server: KeyStore.PrivateKeyEntry = server(*names)

    /** A client's, with the common name `client`. */
    public val client: KeyStore.PrivateKeyEntry by lazy { client("client") }

    /** A server's, for the same names, that was valid until yesterday. */
    public val expired: KeyStore.PrivateKeyEntry by lazy { issue { notAfter = Instant.now() - DAY } }

    /** A server's, for the same names, that will be valid from tomorrow. */
    public val notYetValid: KeyStore.PrivateKeyEntry by lazy { issue { notBefore = Instant.now() + DAY } }

    /** A server's that is valid, but for `wrong.invalid` and nobody else. */
    public val wrongHost: KeyStore.PrivateKeyEntry by lazy { server("wrong.invalid") }

    /**
     * Another server's certificate, for [names] as [create] takes them.
     *
     * @throws IllegalArgumentException naming what is wrong.
     */
    public fun server(vararg names: String): KeyStore.PrivateKeyEntry {
        require(names.isNotEmpty()) { "no names" }
        return order().names(*names).issue()
    }

    /**
     * Another client's certificate, with [name] as its common name and no other names.
     *
     * @throws IllegalArgumentException naming [name] if it is blank, has control characters or more than 64 characters.
     */
    public fun client(name: String): KeyStore.PrivateKeyEntry =
        order().names().commonName(name).purposes(KeyPurpose.ClientAuth).issue()

    /**
     * A certificate as [block] describes it; by default a server's, for the names that this was created with.
     *
     * @throws IllegalArgumentException naming the part and its value.
     */
    @JvmSynthetic
    public fun issue(block: CertificateOrder.() -> Unit): KeyStore.PrivateKeyEntry = order().apply(block).issue()

    /** For Java: describes a certificate, which [CertificateOrder.issue] makes. */
    public fun order(): CertificateOrder = CertificateOrder(root, names.asList())

    /**
     * Writes `authority.pem`, and `server.pem`, `server.key`, `client.pem` and `client.key` as [write] does, and returns [folder].
     *
     * @throws IOException if the disk will not have it.
     */
    @Throws(IOException::class)
    public fun writeTo(folder: Path): Path {
        Files.createDirectories(folder)
        writePem(folder.resolve("authority.pem"), pem(authority), isSecret = false)
        write(server, folder, "server")
        return write(client, folder, "client")
    }

    override fun toString(): String = "test certificates for ${names.joinToString()}"

    public companion object {
        private val DAY = Duration.ofDays(1)

        /**
         * A new authority with a server's certificate for [names]: IPv4 and IPv6 addresses, and DNS names, whose first label may be `*`.
         * Names beyond ASCII are encoded as [java.net.IDN] does. Asks no name server. Takes some milliseconds; the first in a process,
         * several hundred.
         *
         * @throws IllegalArgumentException naming what is wrong: a name that is none of these, or that there are no names.
         */
        @JvmStatic
        public fun create(vararg names: String): TestCertificates = TestCertificates(names.copyOf())

        /** The [certificates] as PEM, one after the other. */
        @JvmStatic
        public fun pem(vararg certificates: X509Certificate): String = certificates.joinToString("") { pemBlock("CERTIFICATE", it.encoded) }

        /** The chain of [entry] as PEM, its own certificate first. */
        @JvmStatic
        public fun pem(entry: KeyStore.PrivateKeyEntry): String =
            entry.certificateChain.joinToString("") { pemBlock("CERTIFICATE", it.encoded) }

        /** The key of [entry] as PEM (PKCS#8), in the clear. */
        @JvmStatic
        public fun keyPem(entry: KeyStore.PrivateKeyEntry): String = pemBlock("PRIVATE KEY", entry.privateKey.encoded)

        /**
         * Writes the key of [entry] to `name.key`, which only the owner can read where files have permissions (0600), and then its chain
         * to `name.pem`. Makes [folder] if need be and returns it. Each file replaces what was there in one step, so that whoever watches
         * them reads the old one or the new one. Blocks for the disk.
         *
         * @throws IllegalArgumentException if [name] is not that of a file in [folder].
         * @throws IOException if the disk will not have it.
         */
        @JvmStatic
        @Throws(IOException::class)
        public fun write(entry: KeyStore.PrivateKeyEntry, folder: Path, name: String): Path {
            require(name.isNotEmpty() && folder.resolve("$name.key").fileName.toString() == "$name.key") {
                "not the name of a file: \"$name\""
            }
            Files.createDirectories(folder)
            writePem(folder.resolve("$name.key"), keyPem(entry), isSecret = true)
            writePem(folder.resolve("$name.pem"), pem(entry), isSecret = false)
            return folder
        }
    }
}
