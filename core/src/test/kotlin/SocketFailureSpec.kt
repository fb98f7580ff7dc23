package io.hawser

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.net.BindException
import java.net.ConnectException
import java.net.NoRouteToHostException
import java.net.SocketException
import java.net.SocketTimeoutException
import java.net.UnknownHostException
import java.nio.channels.UnresolvedAddressException
import java.nio.channels.UnsupportedAddressTypeException
import java.time.Duration

class SocketFailureSpec : StringSpec({
    val endpoint = Endpoint.Inet("tcp", "db.example", 5432)
    val refused = IOException("Connection refused")
    val texts = mapOf(
        ConnectFailed(endpoint, refused) to "cannot connect to tcp://db.example:5432: Connection refused",
        ConnectFailed(endpoint, UnknownHostException("db.example")) to "cannot connect to tcp://db.example:5432: unknown host",
        ConnectFailed(endpoint, IOException()) to "cannot connect to tcp://db.example:5432: IOException",
        ConnectTimeout(endpoint, Duration.ofSeconds(3)) to "cannot connect to tcp://db.example:5432: nobody answered within 3000 ms",
        ConnectFailed(endpoint, UnsupportedAddressTypeException()) to "cannot connect to tcp://db.example:5432: this machine has no IPv6",
        BindFailed(endpoint, IOException("Address already in use")) to "cannot listen on tcp://db.example:5432: Address already in use",
        ConnectionReset(endpoint) to "connection to tcp://db.example:5432 was reset by the peer",
        ConnectionLost(endpoint, IOException("No route to host")) to "connection to tcp://db.example:5432 was lost: No route to host",
        ConnectionClosed(endpoint, CloseReason.Local) to "connection to tcp://db.example:5432 is closed: closed on this side",
        ConnectionClosed(endpoint, CloseReason.Peer) to "connection to tcp://db.example:5432 is closed: ended by the peer",
        ConnectionClosed(endpoint, CloseReason.Reset) to "connection to tcp://db.example:5432 is closed: reset by the peer",
        ConnectionClosed(endpoint, CloseReason.Failure(IOException("boom"))) to "connection to tcp://db.example:5432 is closed: boom",
        UnexpectedEnd(endpoint, 3, "a line") to "tcp://db.example:5432 ended the stream after 3 bytes of a line",
        UnreadInput(endpoint, 12) to "tcp://db.example:5432 sent 12 bytes ahead of the upgrade that nobody had asked for",
        FrameTooLarge(endpoint, 10, "a line") to "tcp://db.example:5432 sent a line over the limit of 10 bytes",
        FrameTooLarge.toSend(endpoint, 1024, "a frame of 2000 bytes") to
            "a frame of 2000 bytes for tcp://db.example:5432 is over the limit of 1024 bytes",
        MalformedFrame(endpoint, "no header") to "tcp://db.example:5432 sent a malformed frame: no header",
        MalformedFrame(endpoint, IOException("bad JSON")) to "tcp://db.example:5432 sent a malformed frame: bad JSON",
        MalformedFrame(endpoint, IOException()) to "tcp://db.example:5432 sent a malformed frame: IOException",
        HandshakeTimeout(endpoint, Duration.ofSeconds(10)) to "the handshake with tcp://db.example:5432 took longer than 10000 ms",
        ReadTimeout(endpoint, Duration.ofMillis(5)) to "tcp://db.example:5432 sent nothing for 5 ms",
        WriteTimeout(endpoint, Duration.ofMillis(5)) to "tcp://db.example:5432 took nothing for 5 ms",
        IdleTimeout(endpoint, Duration.ofMillis(5)) to "nothing went to or came from tcp://db.example:5432 for 5 ms",
        ExchangeTimeout(endpoint, Duration.ofMillis(5)) to "the exchange with tcp://db.example:5432 was not over within 5 ms",
        EventLoopClosed("loop-1") to "event loop loop-1 is closed",
        EventLoopClosed("loop-1", IOException("bad")) to "event loop loop-1 died: bad",
    )
    for ((failure, text) in texts) {
        "\"$text\" is what ${failure::class.simpleName} says" {
            failure.message shouldBe text
            failure.shouldBeInstanceOf<SocketFailure>().shouldBeInstanceOf<IOException>()
        }
    }

    "a connect that failed says why" {
        fun reason(cause: Throwable) = ConnectFailed(endpoint, cause).reason
        reason(ConnectException("Connection refused")) shouldBe ConnectFailed.Reason.Refused
        reason(ConnectException("Verbindungsaufbau abgelehnt")) shouldBe ConnectFailed.Reason.Refused
        reason(ConnectException("Connection timed out")) shouldBe ConnectFailed.Reason.TimedOut
        reason(SocketTimeoutException("connect timed out")) shouldBe ConnectFailed.Reason.TimedOut
        reason(NoRouteToHostException("No route to host")) shouldBe ConnectFailed.Reason.HostUnreachable
        reason(SocketException("Network is unreachable")) shouldBe ConnectFailed.Reason.NetworkUnreachable
        reason(ConnectException("Network is unreachable")) shouldBe ConnectFailed.Reason.NetworkUnreachable
        reason(BindException("Cannot assign requested address")) shouldBe ConnectFailed.Reason.AddressNotAvailable
        reason(UnsupportedAddressTypeException()) shouldBe ConnectFailed.Reason.AddressNotAvailable
        reason(BindException("Permission denied")) shouldBe ConnectFailed.Reason.NotPermitted
        reason(SocketException("Operation not permitted")) shouldBe ConnectFailed.Reason.NotPermitted
        reason(SocketException("No such file or directory")) shouldBe ConnectFailed.Reason.NoSuchName
        reason(SocketException("Not a directory")) shouldBe ConnectFailed.Reason.NoSuchName
        reason(SocketException("Protocol wrong type for socket")) shouldBe ConnectFailed.Reason.WrongKind
        reason(UnknownHostException("db.example")) shouldBe ConnectFailed.Reason.UnknownHost
        reason(UnresolvedAddressException()) shouldBe ConnectFailed.Reason.UnknownHost
        reason(IOException()) shouldBe ConnectFailed.Reason.Other
        ConnectTimeout(endpoint, Duration.ofSeconds(3)).reason shouldBe ConnectFailed.Reason.TimedOut
    }

    "a bind that failed says why" {
        fun reason(cause: Throwable) = BindFailed(endpoint, cause).reason
        reason(BindException("Address already in use")) shouldBe BindFailed.Reason.AddressInUse
        reason(BindException("Cannot assign requested address")) shouldBe BindFailed.Reason.AddressNotAvailable
        reason(UnsupportedOperationException("IPv6 not available")) shouldBe BindFailed.Reason.AddressNotAvailable
        reason(BindException("Permission denied")) shouldBe BindFailed.Reason.NotPermitted
        reason(SocketException("Operation not permitted")) shouldBe BindFailed.Reason.NotPermitted
        reason(UnknownHostException("db.example")) shouldBe BindFailed.Reason.UnknownHost
        reason(IOException("Address already in use")) shouldBe BindFailed.Reason.Other
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
