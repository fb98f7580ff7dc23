package io.hawser.samples.documentation

import io.hawser.testkit.TestCertificates
import io.hawser.tls.ClientTls
import io.hawser.tls.ServerTls
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir

/** What the documentation shows runs; each sample checks itself. */
class SamplesSpec : StringSpec({
    timeout = 120_000
    val folder = tempdir().toPath()

    "of streams" {
        tcpServer()
        tcpClient()
        unixServer(folder)
        serverOptions()
        connectionLines()
        framedConnection()
        reconnectingClient()
        pooledClient()
    }

    "of datagrams" {
        udpServer()
        unixDatagrams(folder)
    }

    "of TLS" {
        TestCertificates.create("localhost").writeTo(folder)
        val certificate = folder.resolve("server.pem")
        val key = folder.resolve("server.key")
        val authority = folder.resolve("authority.pem")
        tlsLayer(certificate, key, authority)
        upgradeToTls(ServerTls { identity(certificate, key) }, ClientTls { trust(authority) })
    }

    "of hubs, brokers and configuration" {
        messageHub()
        broker()
        configuration(folder)
    }
})
