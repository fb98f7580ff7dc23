@file:OptIn(TransportApi::class)

package io.hawser.server

import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.lang.reflect.Proxy
import java.util.concurrent.Executors

class ConnectionsSpec : StringSpec({
    "the count that is published is the one that is true, whoever comes and goes at the same moment" {
        val threads = Executors.newFixedThreadPool(1)
        try {
            val connections = Connections()
            repeat(200_000) { round ->
                val old = stream()
                connections.accepted(old)
                connections.publish()
                val new = stream()
                val leaving = threads.submit {
                    connections.closed(old)
                }
                connections.accepted(new)
                connections.publish()
                leaving.get()
                check(connections.count.value == connections.now) {
                    "round $round: ${connections.count.value} published, ${connections.now} there"
                }
                connections.closed(new)
            }
            connections.count.value shouldBe 0
        } finally {
            threads.shutdownNow()
        }
    }
})

private fun stream(): RawStream = Proxy.newProxyInstance(RawStream::class.java.classLoader, arrayOf(RawStream::class.java)) {
        self,
        method,
        args,
    ->
    when (method.name) {
        "hashCode" -> System.identityHashCode(self)
        "equals" -> self === args[0]
        else -> null
    }
} as RawStream
