package io.hawser.benchmarks.server

import io.netty.channel.epoll.EpollIoHandler
import io.netty.channel.epoll.EpollServerSocketChannel

/** Netty on its native epoll. */
internal object NettyEpoll : JvmContestant("netty-epoll") {
    @JvmStatic
    public fun main(args: Array<String>) {
        announce(startNettyEcho(EpollIoHandler.newFactory(), EpollServerSocketChannel::class.java, LOOPBACK))
    }
}
