package io.hawser

import java.net.BindException
import java.net.ConnectException
import java.net.NoRouteToHostException
import java.net.SocketTimeoutException
import java.net.UnknownHostException
import java.nio.channels.UnresolvedAddressException
import java.nio.channels.UnsupportedAddressTypeException

// The JDK tells most of these apart by nothing but the C library's text; where that is in another language the type still says much.

internal fun Throwable.connectReason(): ConnectFailed.Reason = when {
    isUnknownHost -> ConnectFailed.Reason.UnknownHost
    says("timed out") || this is SocketTimeoutException -> ConnectFailed.Reason.TimedOut
    says("network is unreachable") -> ConnectFailed.Reason.NetworkUnreachable
    this is NoRouteToHostException || says("no route to host") -> ConnectFailed.Reason.HostUnreachable
    isNotPermitted -> ConnectFailed.Reason.NotPermitted
    says("no such file") || says("not a directory") -> ConnectFailed.Reason.NoSuchName
    says("wrong type for socket") -> ConnectFailed.Reason.WrongKind
    this is ConnectException || says("refused") -> ConnectFailed.Reason.Refused
    this is BindException || isForeign -> ConnectFailed.Reason.AddressNotAvailable
    else -> ConnectFailed.Reason.Other
}

internal fun Throwable.bindReason(): BindFailed.Reason = when {
    isUnknownHost -> BindFailed.Reason.UnknownHost
    isAddressInUse -> BindFailed.Reason.AddressInUse
    isNotPermitted -> BindFailed.Reason.NotPermitted
    isForeign -> BindFailed.Reason.AddressNotAvailable
    else -> BindFailed.Reason.Other
}

internal val Throwable.isAddressInUse: Boolean get() = this is BindException && (says("in use") || says("is taken"))

internal fun Throwable.describe(): String = when {
    // A subclass is ours, and says more than the name that could not be looked up.
    javaClass == UnknownHostException::class.java || this is UnresolvedAddressException -> "unknown host"

    this is UnsupportedAddressTypeException -> "this machine has no IPv6"

    else -> message?.takeIf { it.isNotBlank() } ?: javaClass.simpleName
}

private val Throwable.isUnknownHost: Boolean get() = this is UnknownHostException || this is UnresolvedAddressException

private val Throwable.isNotPermitted: Boolean get() = says("permission denied") || says("not permitted")

/** An address, or a family of them, that this machine has not got. */
private val Throwable.isForeign: Boolean
    get() = this is UnsupportedAddressTypeException || says("requested address") || says("family not supported") ||
        says("IPv6 not available")

private fun Throwable.says(text: String): Boolean = message.orEmpty().contains(text, ignoreCase = true)
