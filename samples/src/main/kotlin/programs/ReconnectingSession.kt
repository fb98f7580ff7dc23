package io.hawser.samples.programs

import io.hawser.Hawser
import io.hawser.RunningServer
import io.hawser.reconnect.Backoff
import io.hawser.reconnect.DoNotReconnect
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.reconnecting
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope

/**
 * A subscriber that stays connected while its server is started anew, logs in each time before anybody else has the connection, and ends
 * when it is told that there will be no more.
 */
public suspend fun main(args: Array<String>): Unit = coroutineScope {
    var server = serve(args.firstOrNull() ?: "tcp://127.0.0.1:0", "first edition")
    val link = Hawser.streamClient(server.endpoint).reconnecting(
        LinkOptions {
            backoff = Backoff.exponential(10.milliseconds, ceiling = 1.seconds).jittered()
            onConnect { connection ->
                connection.writeLine("me")
                check(connection.readLine() == "welcome, me")
            }
        },
    )
    link.keep { connection ->
        val news = connection.readLine()
        println(news)
        if (news == "last edition") throw DoNotReconnect()
        val endpoint = server.endpoint
        server.shutdown(grace = 1.seconds)
        server = this@coroutineScope.serve(endpoint.toString(), "last edition")
    }
    println("subscribed no more")
    server.close()
}

private suspend fun CoroutineScope.serve(endpoint: String, news: String): RunningServer =
    Hawser.streamServer(endpoint).start(this) { connection ->
        connection.writeLine("welcome, ${connection.readLine()}")
        connection.writeLine(news)
    }
