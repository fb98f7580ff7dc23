@file:OptIn(SettingsApi::class)

package io.hawser.settings

import io.hawser.SocketOptions
import kotlin.time.Duration

internal val socketSchema: Schema<SocketOptions.Builder> = schema {
    setting(SocketOptions.Builder::noDelay, Kinds.boolean, "small writes leave at once (`TCP_NODELAY`)")
    setting(SocketOptions.Builder::keepAlive, Kinds.boolean, "the system probes a silent peer (`SO_KEEPALIVE`)")
    setting(SocketOptions.Builder::keepAliveIdle, Kinds.wholeSeconds.orNull(SYSTEM), "silence before the first probe (`TCP_KEEPIDLE`)")
    setting(SocketOptions.Builder::keepAliveInterval, Kinds.wholeSeconds.orNull(SYSTEM), "between two probes (`TCP_KEEPINTVL`)")
    setting(SocketOptions.Builder::keepAliveCount, Kinds.count.orNull(SYSTEM), "probes without an answer until the connection is lost")
    setting(SocketOptions.Builder::linger, reset.orNull(SYSTEM), "zero: a close resets, and what was not delivered is lost")
    setting(SocketOptions.Builder::receiveBuffer, Kinds.size.orNull(SYSTEM), "bytes the kernel holds for us to read")
    setting(SocketOptions.Builder::sendBuffer, Kinds.size.orNull(SYSTEM), "bytes the kernel holds for the peer to take")
    setting(SocketOptions.Builder::reuseAddress, Kinds.boolean, "a server may have the address of one that has just ended")
    setting(SocketOptions.Builder::reusePort, Kinds.boolean, "several servers may share one address")
    setting(SocketOptions.Builder::broadcast, Kinds.boolean, "of UDP: datagrams may be sent to broadcast addresses")
    setting(SocketOptions.Builder::multicastInterface, Kinds.networkInterface.orNull(SYSTEM), "of UDP: where datagrams for groups leave")
    setting(SocketOptions.Builder::multicastTimeToLive, Kinds.int(0..255).orNull(SYSTEM), "of UDP: how many hops those go")
    setting(SocketOptions.Builder::multicastLoopback, Kinds.boolean.orNull(SYSTEM), "of UDP: whether members on this machine get them too")
    setting(SocketOptions.Builder::family, Kinds.family.orNull("both"), "the only version of IP")
    codeOnly("beforeBind", "a hook is code")
    codeOnly("beforeConnect", "a hook is code")
    codeOnly("afterAccept", "a hook is code")
}

private const val SYSTEM = "system"

private val reset: Kind<Duration>
    get() = TextKind("0s", { "0s" }) { text, around ->
        Kinds.durationOrZero.read(Raw.Text(text), around).also { if (it != Duration.ZERO) throw Refused(null) }
    }
