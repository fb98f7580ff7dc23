@file:OptIn(TransportApi::class)

package io.hawser.testkit.reconnect

import io.hawser.ClientOptions
import io.hawser.ConnectFailed
import io.hawser.reconnect.CircuitBreaker
import io.hawser.reconnect.CircuitBreakerOptions
import io.hawser.reconnect.CircuitOpen
import io.hawser.reconnect.CircuitState
import io.hawser.reconnect.PoolOptions
import io.hawser.reconnect.guardedBy
import io.hawser.reconnect.pooled
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.hawser.testkit.VirtualTime
import io.hawser.testkit.virtualTime
import io.hawser.transport.Layer
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlin.time.AbstractLongTimeSource
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.DurationUnit
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch

class CircuitBreakerSpec : StringSpec({
    extension(LeakCheck)

    "too many failures in a row open it, and nobody tries until it is time" {
        virtualTime {
            val breaker = breaker { failures = 3 }
            val client = Memory.client("nobody", loop).through(Layer { it }).guardedBy(breaker)
            repeat(3) {
                breaker.state.value shouldBe CircuitState.Closed(it)
                shouldThrow<ConnectFailed> { client.connect() }::class shouldBe ConnectFailed::class
            }
            val cause = breaker.state.value.shouldBeInstanceOf<CircuitState.Open>().cause
            delay(12.seconds)
            val refusal = shouldThrow<CircuitOpen> { client.connect() }
            refusal.message shouldBe "cannot connect to memory:nobody: its circuit breaker is open for another 18000 ms"
            refusal.remaining shouldBe java.time.Duration.ofSeconds(18)
            refusal.endpoint shouldBe client.endpoint
            refusal.cause shouldBe cause
            delay(18.seconds)
            shouldThrow<ConnectFailed> { client.connect() }::class shouldBe ConnectFailed::class
            shouldThrow<CircuitOpen> { client.connect() }.remaining shouldBe java.time.Duration.ofSeconds(30)
        }
    }

    "who connects makes failures count from none again" {
        virtualTime {
            val server = server().start(this, echo)
            val breaker = breaker { failures = 2 }
            var fails = true
            val client = client(server).through(Layer { if (fails) error("no") else it }).guardedBy(breaker)
            repeat(3) {
                fails = true
                shouldThrow<IllegalStateException> { client.connect() }
                breaker.state.value shouldBe CircuitState.Closed(1)
                fails = false
                client.connect().close()
                breaker.state.value shouldBe CircuitState.Closed(0)
            }
            server.close()
        }
    }

    "half open it lets one try at a time, whose success closes it" {
        virtualTime {
            val server = server().start(this, echo)
            val breaker = breaker { failures = 1 }
            var answer: suspend () -> Unit = { error("no") }
            val slow = Layer { stream -> stream.also { answer() } }
            val client = client(server).through(slow).guardedBy(breaker)
            shouldThrow<IllegalStateException> { client.connect() }
            delay(30.seconds)
            answer = { delay(2.seconds) }
            val trial = async(start = UNDISPATCHED) { client.connect() }
            settle()
            breaker.state.value.shouldBeInstanceOf<CircuitState.HalfOpen>().isTrying shouldBe true
            val refusal = shouldThrow<CircuitOpen> { client.connect() }
            refusal.remaining.isZero shouldBe true
            refusal.message shouldBe "cannot connect to ${server.endpoint}: its circuit breaker is half open, and somebody else is trying"
            trial.await().close()
            breaker.state.value shouldBe CircuitState.Closed()
            client.connect().close()
            server.close()
        }
    }

    "a trial that fails opens it again, and one that is cancelled decides nothing" {
        virtualTime {
            val server = server().start(this, echo)
            val breaker = breaker { failures = 1 }
            var answer: suspend () -> Unit = { error("no") }
            val client = client(server).through(Layer { stream -> stream.also { answer() } }).guardedBy(breaker)
            shouldThrow<IllegalStateException> { client.connect() }
            delay(30.seconds)
            shouldThrow<IllegalStateException> { client.connect() }
            breaker.state.value.shouldBeInstanceOf<CircuitState.Open>()
            delay(30.seconds)
            answer = { awaitCancellation() }
            repeat(3) {
                val trial = launch(start = UNDISPATCHED) { client.connect() }
                settle()
                breaker.state.value.shouldBeInstanceOf<CircuitState.HalfOpen>().isTrying shouldBe true
                trial.cancelAndJoin()
                breaker.state.value.shouldBeInstanceOf<CircuitState.HalfOpen>().isTrying shouldBe false
            }
            answer = {}
            client.connect().close()
            breaker.state.value shouldBe CircuitState.Closed()
            server.close()
        }
    }

    "who began before it opened says nothing about it" {
        virtualTime {
            val server = server().start(this, echo)
            val breaker = breaker { failures = 1 }
            var answer: suspend () -> Unit = { delay(1.seconds) }
            val client = client(server).through(Layer { stream -> stream.also { answer() } }).guardedBy(breaker)
            val early = async(start = UNDISPATCHED) { client.connect() }
            settle()
            answer = { error("no") }
            shouldThrow<IllegalStateException> { client.connect() }
            early.await().close()
            breaker.state.value.shouldBeInstanceOf<CircuitState.Open>()
            server.close()
        }
    }

    "who began before it opened says nothing about it when it has closed again, either" {
        virtualTime {
            val server = server().start(this, echo)
            val breaker = breaker { failures = 1 }
            var answer: suspend () -> Unit = {
                delay(40.seconds)
                error("too late")
            }
            val client = client(server).through(Layer { stream -> stream.also { answer() } }).guardedBy(breaker).guardedBy(breaker)
            val old = async(start = UNDISPATCHED) { runCatching { client.connect() } }
            settle()
            answer = { error("no") }
            shouldThrow<IllegalStateException> { client.connect() }
            delay(30.seconds)
            answer = { }
            client.connect().close()
            breaker.state.value shouldBe CircuitState.Closed()
            old.await().isFailure shouldBe true
            breaker.state.value shouldBe CircuitState.Closed()
            server.close()
        }
    }

    "clients may share one, and have several" {
        virtualTime {
            val server = server().start(this, echo)
            val shared = breaker { failures = 1 }
            val own = breaker { failures = 1 }
            shouldThrow<ConnectFailed> { Memory.client("nobody", loop).guardedBy(shared).connect() }
            val client = client(server).guardedBy(shared).guardedBy(own)
            shouldThrow<CircuitOpen> { client.connect() }.endpoint shouldBe server.endpoint
            own.state.value shouldBe CircuitState.Closed()
            delay(30.seconds)
            client.connect().close()
            shared.state.value shouldBe CircuitState.Closed()
            server.close()
        }
    }

    "a timeout of the client counts, one of its caller does not" {
        virtualTime {
            val server = server().start(this, echo)
            val breaker = breaker { failures = 2 }
            val client = client(server, ClientOptions { handshakeTimeout = 1.seconds })
                .through(Layer { awaitCancellation() }).guardedBy(breaker)
            client.pooled(PoolOptions { borrowTimeout = 500.milliseconds }).start(this).use { pool ->
                repeat(3) { runCatching { pool.withConnection { } } }
            }
            breaker.state.value shouldBe CircuitState.Closed()
            repeat(2) { runCatching { client.connect() } }
            breaker.state.value.shouldBeInstanceOf<CircuitState.Open>()
            server.close()
        }
    }

    "options say what they are, and what is wrong with them" {
        "${CircuitBreakerOptions()}" shouldBe "CircuitBreakerOptions(failures=5, openFor=30s)"
        "${CircuitBreaker()}" shouldBe "circuit breaker in Closed(failures=0)"
        CircuitBreakerOptions.builder().failures(2).openFor(java.time.Duration.ofSeconds(3)).build().openForAsJava().toSeconds() shouldBe 3
        shouldThrow<IllegalArgumentException> { CircuitBreakerOptions { failures = 0 } }.message shouldBe "failures < 1: 0"
        shouldThrow<IllegalArgumentException> { CircuitBreakerOptions { openFor = (-1).seconds } }.message shouldBe
            "openFor is not a finite duration > 0: -1s"
    }
})

private fun VirtualTime.breaker(block: CircuitBreakerOptions.Builder.() -> Unit): CircuitBreaker {
    val time = object : AbstractLongTimeSource(DurationUnit.NANOSECONDS) {
        override fun read(): Long = loop.nanoTime()
    }
    return CircuitBreaker(
        CircuitBreakerOptions {
            timeSource = time
            block()
        },
    )
}
