package io.hawser.benchmarks.server

import io.netty.channel.nio.NioIoHandler
import io.netty.channel.socket.nio.NioServerSocketChannel

/** Netty on the selectors of the JDK. */
internal object NettyNio : JvmContestant("netty-nio") {
    @JvmStatic
    public fun main(args: Array<String>) {
        announce(startNettyEcho(NioIoHandler.newFactory(), NioServerSocketChannel::class.java, LOOPBACK))
    }
}
