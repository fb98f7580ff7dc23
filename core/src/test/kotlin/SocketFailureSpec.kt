package io.hawser

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.net.UnknownHostException
import java.nio.channels.UnresolvedAddressException
import java.time.Duration

class SocketFailureSpec : StringSpec({
    val endpoint = Endpoint.Inet("tcp", "db.example", 5432)
    val refused = IOException("Connection refused")
    val texts = mapOf(
        ConnectFailed(endpoint, refused) to "cannot connect to tcp://db.example:5432: Connection refused",
        ConnectFailed(endpoint, UnknownHostException("db.example")) to "cannot connect to tcp://db.example:5432: unknown host",
        ConnectFailed(endpoint, IOException()) to "cannot connect to tcp://db.example:5432: IOException",
        ConnectTimeout(endpoint, Duration.ofSeconds(3)) to "cannot connect to tcp://db.example:5432: nobody answered within 3000 ms",
        BindFailed(endpoint, IOException("Address already in use")) to "cannot listen on tcp://db.example:5432: Address already in use",
        ConnectionReset(endpoint) to "connection to tcp://db.example:5432 was reset by the peer",
        ConnectionLost(endpoint, IOException("No route to host")) to "connection to tcp://db.example:5432 was lost: No route to host",
        ConnectionClosed(endpoint, CloseReason.Local) to "connection to tcp://db.example:5432 is closed: closed on this side",
        ConnectionClosed(endpoint, CloseReason.Peer) to "connection to tcp://db.example:5432 is closed: ended by the peer",
        ConnectionClosed(endpoint, CloseReason.Reset) to "connection to tcp://db.example:5432 is closed: reset by the peer",
        ConnectionClosed(endpoint, CloseReason.Failure(IOException("boom"))) to "connection to tcp://db.example:5432 is closed: boom",
        UnexpectedEnd(endpoint, 3, "a line") to "tcp://db.example:5432 ended the stream after 3 bytes of a line",
        FrameTooLarge(endpoint, 10, "a line") to "tcp://db.example:5432 sent a line over the limit of 10 bytes",
        EventLoopClosed("loop-1") to "event loop loop-1 is closed",
        EventLoopClosed("loop-1", IOException("bad")) to "event loop loop-1 died: bad",
    )
    for ((failure, text) in texts) {
        "\"$text\" is what ${failure::class.simpleName} says" {
            failure.message shouldBe text
            failure.shouldBeInstanceOf<SocketFailure>().shouldBeInstanceOf<IOException>()
        }
    }

    "a failure keeps what caused it" {
        ConnectFailed(endpoint, refused).cause shouldBe refused
        ConnectFailed(endpoint, UnresolvedAddressException()).message shouldBe "cannot connect to tcp://db.example:5432: unknown host"
        ConnectFailed(endpoint, refused).endpoint shouldBe endpoint
        ConnectionClosed(endpoint, CloseReason.Failure(refused)).cause shouldBe refused
        CloseReason.Timeout(ConnectionReset(endpoint)).toString() shouldBe "connection to tcp://db.example:5432 was reset by the peer"
        ConnectTimeout(endpoint, Duration.ofSeconds(3)).shouldBeInstanceOf<ConnectFailed>()
    }
})
