package io.hawser.engine

import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldHaveSize
import java.net.UnknownHostException

@OptIn(TransportApi::class)
class ResolverSpec : StringSpec({
    /** Our frames under which the JDK asked a name server: none, if another thread did. */
    fun UnknownHostException.askedBy() = when {
        stackTrace.any { it.methodName == "getAllByName0" } -> stackTrace.filter {
            it.className == "io.hawser.engine.ResolverKt" &&
                it.methodName == "resolve"
        }

        else -> emptyList()
    }

    "a name with a port or a scheme is looked up off the caller's thread too" {
        for (host in listOf("zoo.invalid:80", "http://zoo.invalid", "localhost:80")) {
            shouldThrow<UnknownHostException> { resolve(host) }.askedBy().shouldBeEmpty()
        }
    }

    "literals and what begins as one are not looked up" {
        for (host in listOf("::1", "::1%1", "1::", "[::1]", "127.0.0.1")) resolve(host) shouldHaveSize 1
        for (host in listOf(":", ":80", "[zoo:80", "feed:80", "1:2")) {
            shouldThrow<UnknownHostException> {
                resolve(host)
            }.askedBy().shouldBeEmpty()
        }
    }
})
