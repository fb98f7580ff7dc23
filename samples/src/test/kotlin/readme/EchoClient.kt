package io.hawser.samples.readme.client

import io.hawser.tcp.Tcp

suspend fun main() {
    val answer = Tcp.client("127.0.0.1", 9002).connect { connection ->
        connection.writeLine("hello")
        connection.readLine()
    }
    println(answer)
}
