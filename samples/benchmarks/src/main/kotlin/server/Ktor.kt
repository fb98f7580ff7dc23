package io.hawser.benchmarks.server

import io.ktor.network.selector.SelectorManager
import io.ktor.network.sockets.InetSocketAddress
import io.ktor.network.sockets.aSocket
import io.ktor.network.sockets.openReadChannel
import io.ktor.network.sockets.openWriteChannel
import io.ktor.network.sockets.port
import io.ktor.utils.io.copyTo
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/** Ktor's raw sockets with its own channels, as its documentation shows them. */
internal object Ktor : JvmContestant("ktor") {
    @JvmStatic
    public fun main(args: Array<String>): Unit = runBlocking(Dispatchers.Default) {
        val server = aSocket(SelectorManager(Dispatchers.IO)).tcp().bind(LOOPBACK, 0)
        announce(server.localAddress.port())
        while (true) {
            val socket = server.accept()
            launch {
                socket.use {
                    it.openReadChannel().copyTo(it.openWriteChannel(autoFlush = true))
                }
            }
        }
    }
}
