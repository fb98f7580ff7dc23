package io.hawser.benchmarks.server

import java.nio.file.Path
import kotlin.io.path.nameWithoutExtension

/** Sends back what comes. */
internal const val ECHO: String = "echo"

/** Throws away what comes, and at its end answers with how much it was: 8 bytes, the highest first. */
internal const val SINK: String = "sink"

/** From the first byte on writes the content of the file, which it holds in memory, over and over in pieces of [PIECE]. */
internal const val SOURCE: String = "source"

/** Sends the file for every byte that comes. */
internal const val FILE: String = "file"

/** What there is to serve over TCP. */
internal val tcpServices: Set<String> = setOf(ECHO, SINK, SOURCE, FILE)

/** [ECHO] over a Unix stream socket. */
internal const val UNIX_ECHO: String = "unix-echo"

/** Sends each datagram back to its sender. */
internal const val UDP_ECHO: String = "udp-echo"

/**
 * Counts datagrams. One of a single byte is not counted: it asks for how many there were and how many bytes they had, which are 8 bytes
 * each, the highest first.
 */
internal const val UDP_SINK: String = "udp-sink"

/** [UDP_SINK] over a Unix datagram socket. */
internal const val UNIXGRAM_SINK: String = "unixgram-sink"

/** What there is to serve but for TCP and TLS. */
internal val otherServices: Set<String> = setOf(UNIX_ECHO, UDP_ECHO, UDP_SINK, UNIXGRAM_SINK)

/** [ECHO] over TLS. The file is the server's certificate, and its key is [keyBeside] it. */
internal const val TLS_ECHO: String = "tls-echo"

/** Where the key of [certificate] is. */
internal fun keyBeside(certificate: Path): Path = certificate.resolveSibling("${certificate.nameWithoutExtension}.key")

/** Publishes what [Orders] say to whoever subscribes. */
internal const val FAN_OUT: String = "fan-out"

/** Sends each request back as its reply, by way of a broker. */
internal const val REQUEST_REPLY: String = "request-reply"

/** Answers each request, of any length, with the [Digest] of its body, by way of a broker. */
internal const val UPLOAD: String = "upload"

/** Sends each request, of any length, back as its reply while it still comes, by way of a broker. */
internal const val BOTH_WAYS: String = "both-ways"

/** What is served by way of a broker to who asks. */
internal val exchangeServices: Set<String> = setOf(REQUEST_REPLY, UPLOAD, BOTH_WAYS)

internal const val PIECE: Int = 64 * 1024
