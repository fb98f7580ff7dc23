package io.hawser.benchmarks.server

import io.hawser.benchmarks.Tools
import io.hawser.tls.ServerTls
import java.nio.file.Path

/** Hawser with Conscrypt's TLS, which is BoringSSL, in place of the JDK's. */
internal object HawserConscrypt : JvmContestant("hawser-conscrypt", setOf(TLS_ECHO)) {
    override fun version(tools: Tools): String = "${Hawser.version(tools)}, Conscrypt ${versionOf("conscrypt")}"

    override fun serve(service: String, file: Path): Unit = Hawser.echoOverTls(
        ServerTls {
            identity(file, keyBeside(file))
            conscrypt()
        },
    )
}
