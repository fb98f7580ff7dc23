package io.hawser.benchmarks.server

import io.hawser.benchmarks.Tools
import redis.clients.jedis.Jedis

/** `redis-server`, and Jedis, which sends the messages of each order as one pipeline. */
internal object Redis : Broker("redis", setOf(FAN_OUT)) {
    /** Of `Redis server v=7.0.15 sha=…` the third word. */
    override fun version(tools: Tools): String =
        "Redis ${tools.run("redis-server", "--version").split(' ')[2].removePrefix("v=")}, Jedis ${versionOf("jedis")}"

    override fun program(port: Int): List<String> = listOf("redis-server", "--bind", LOOPBACK, "--port", "$port", "--save", "")

    override fun publish(orders: Orders, port: Int): Unit = Jedis(LOOPBACK, port).use { jedis ->
        val channel = FAN_OUT.toByteArray()
        orders.batches.forEach { messages ->
            val pipeline = jedis.pipelined()
            messages.forEach { pipeline.publish(channel, it) }
            pipeline.sync()
        }
    }
}
