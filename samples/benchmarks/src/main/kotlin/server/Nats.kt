package io.hawser.benchmarks.server

import io.hawser.benchmarks.Tools
import io.nats.client.Nats as Client

/** `nats-server` without JetStream, and jnats, which sends the messages of each order as they come. */
internal object Nats : Broker("nats") {
    /** Of `nats-server: v2.9.10` what is behind the `v`. */
    override fun version(tools: Tools): String =
        "NATS ${tools.run("nats-server", "--version").trim().substringAfterLast('v')}, jnats ${versionOf("jnats")}"

    override fun program(port: Int): List<String> = listOf("nats-server", "--addr", LOOPBACK, "--port", "$port")

    override fun publish(orders: Orders, port: Int): Unit = Client.connect("nats://$LOOPBACK:$port").use { connection ->
        orders.batches.flatten().forEach { connection.publish(FAN_OUT, it) }
    }
}
