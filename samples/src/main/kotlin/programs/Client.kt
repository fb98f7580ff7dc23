package io.hawser.samples.programs

import io.hawser.ClientOptions
import io.hawser.ConnectFailed
import io.hawser.Hawser
import io.hawser.SocketFailure
import kotlin.time.Duration.Companion.seconds

/** A client: connects to the endpoint it is told, says a line, and prints the answer, or what went wrong. */
public suspend fun main(args: Array<String>) {
    val endpoint = args.firstOrNull() ?: "tcp://127.0.0.1:9002"
    val options = ClientOptions {
        connectTimeout = 10.seconds
        readTimeout = 10.seconds
    }
    try {
        val answer = Hawser.streamClient(endpoint, options).connect { connection ->
            connection.writeLine("hello")
            connection.readLine()
        }
        println(answer ?: "it ended without an answer")
    } catch (e: ConnectFailed) {
        println("${e.reason}: ${e.message}")
    } catch (e: SocketFailure) {
        println(e.message)
    }
}
