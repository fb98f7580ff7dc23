package io.hawser.samples.programs

import java.io.BufferedReader
import java.net.Socket

/** Somebody who talks to a program in lines. */
internal class Guest(port: Int) : AutoCloseable {
    private val socket = Socket("127.0.0.1", port).apply { soTimeout = 60_000 }
    private val lines: BufferedReader = socket.getInputStream().bufferedReader()

    fun line(): String = checkNotNull(lines.readLine()) { "the end, and no line" }

    fun end(): String? = lines.readLine()

    fun say(line: String) = socket.getOutputStream().write("$line\n".toByteArray())

    override fun close() = socket.close()
}
