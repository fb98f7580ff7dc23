package io.hawser.benchmarks.server

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

internal const val PIECE: Int = 64 * 1024
