package io.hawser.benchmarks.server

import io.hawser.benchmarks.Tools
import io.netty.handler.ssl.SslProvider

/** Netty with BoringSSL in place of the JDK's TLS, on its native epoll. */
internal object NettyTcnative : NettyOnEpoll("netty-tcnative", setOf(TLS_ECHO)) {
    override val tlsProvider: SslProvider get() = SslProvider.OPENSSL

    override fun version(tools: Tools): String = "${super.version(tools)}, tcnative with BoringSSL"
}
