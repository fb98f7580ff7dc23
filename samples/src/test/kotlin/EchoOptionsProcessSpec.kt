package io.hawser.samples

import io.hawser.testkit.LeakCheck
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldMatch
import io.kotest.matchers.string.shouldStartWith
import java.net.Socket
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.sync.Semaphore
import kotlinx.coroutines.sync.withPermit

internal const val STATS =
    "stats connections=\\d+ accepted=\\d+ refused=\\d+ in=\\d+ out=\\d+ accepted/s=\\d+ refused/s=\\d+ in/s=\\d+ out/s=\\d+"

/** Whom `echo` lets in and for how long, what it tells of that, and how it ends. */
class EchoOptionsProcessSpec : StringSpec({
    extension(LeakCheck)
    timeout = 300_000

    fun Socket.seesTheEnd() = getInputStream().read() shouldBe -1

    "who comes over the limit sees the end at once, and is counted" {
        Child.hawser("echo", "--on", "127.0.0.1:0", "--max-connections", "2", "--stats", "--grace", "0s").use { server ->
            val port = server.port()
            connected(port).use {
                connected(port).use {
                    repeat(3) { Socket("127.0.0.1", port).use { it.seesTheEnd() } }
                    server.signal("TERM")
                    val end = server.end()
                    end.status shouldBe 0
                    end.lines shouldBe emptyList()
                    end.errors.trimEnd().lines().last() shouldStartWith "stats connections=0 accepted=2 refused=3 in=2 out=2 "
                }
            }
        }
    }

    "who is outside the allowed blocks is refused, who is inside is served" {
        Child.hawser("echo", "--on", "127.0.0.1:0", "--allow", "10.0.0.0/8,192.168.0.0/16", "--allow", "127.0.0.1/32").use { server ->
            val port = server.port()
            connected(port).use { inside ->
                Child.tool("socat", "-u", "TCP:127.0.0.1:$port,bind=127.0.0.2", "-").use { outside ->
                    outside.end() shouldBe Child.End(0, emptyList(), "")
                }
                inside.getOutputStream().write('b'.code)
                inside.getInputStream().read() shouldBe 'b'.code
            }
            server.signal("TERM")
            server.end() shouldBe Child.End(0, emptyList(), "")
        }
    }

    /** Twenty servers, a few at a time. */
    suspend fun twentyTimes(block: suspend (Int, Child) -> Unit) = coroutineScope {
        val few = Semaphore(4)
        List(20) { round ->
            async(Dispatchers.IO) {
                few.withPermit { Child.hawser("echo", "--on", "127.0.0.1:0", "--stats").use { block(round, it) } }
            }
        }.awaitAll()
    }

    "SIGTERM right after the first line is an end like any other" {
        twentyTimes { _, server ->
            server.port()
            server.signal("TERM")
            val end = server.end()
            end.status shouldBe 0
            end.lines shouldBe emptyList()
            end.errors.trimEnd().lines().forEach { it shouldMatch STATS }
        }
    }

    "SIGTERM during the start ends it without a word" {
        val chance = Random(20)
        twentyTimes { round, server ->
            delay(chance.nextInt(1 + 100 * round).milliseconds)
            server.signal("TERM")
            val end = server.end()
            // A signal before the JVM has begun to run us is between the two: it fails to begin then, or, from 25 on, to write its own log.
            if (end.status == 1 && "Error occurred during initialization" in end.lines.joinToString() + end.errors) return@twentyTimes
            withClue(end) { listOf(0, 143) shouldContain end.status }
            val ours = end.errors.lines().filter { it.isNotEmpty() && !it.startsWith("Runtime.exit(143) logging failed: ") }
            ours.forEach { it shouldMatch STATS }
        }
    }
})
