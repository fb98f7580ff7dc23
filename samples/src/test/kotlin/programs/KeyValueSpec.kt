package io.hawser.samples.programs

import io.hawser.Connection
import io.hawser.MalformedFrame
import io.hawser.event.ConnectionEvent
import io.hawser.framing.framed
import io.hawser.samples.Child
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.hawser.testkit.virtualTime
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldMatch
import io.kotest.matchers.string.shouldStartWith
import java.nio.ByteBuffer
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.count
import kotlinx.coroutines.flow.takeWhile
import kotlinx.coroutines.launch

class KeyValueSpec : StringSpec({
    extension(LeakCheck)
    timeout = 180_000

    /** All bytes that there are, some of which end lines. */
    val anything = String(ByteArray(256) { it.toByte() }, Charsets.ISO_8859_1)

    fun String.bytes() = ByteBuffer.wrap(toByteArray(Charsets.ISO_8859_1))

    fun KeyValues.ask(vararg words: String): String =
        answer(words.toList()).joinToString("") { String(ByteArray(it.remaining()).also(it::get), Charsets.ISO_8859_1) }

    suspend fun Connection.everything(): String {
        val text = StringBuilder()
        incoming().collect { text.append(String(it, Charsets.ISO_8859_1)) }
        return "$text"
    }

    "redis-cli gets what it knows, and is told what is wrong" {
        Inside.run("KeyValueKt", "tcp://127.0.0.1:0") { server ->
            val port = server.line().substringAfterLast(':')
            Child.tool("redis-cli", "-p", port).use { cli ->
                cli.say(
                    "set milk 1 EX 100\nget milk\nget bread\nincr milk\nincr bread\nset milk 3 nx\nset butter 4 px 100000 nx\n" +
                        "mget milk x butter\nexists milk butter x\nttl x\nttl bread\nexpire bread 100\nexpire x 1\n" +
                        "del milk x\ndbsize\nset a \"b c\"\n" +
                        "get a\nincr a\nset a\nset a b ex 0\nset a b or not\nnonsense\nping hello\necho \"\\xff\\x00\"\nquit\n",
                )
                val end = cli.end()
                end.errors shouldBe ""
                end.lines.filter(String::isNotEmpty) shouldBe listOf(
                    "OK", "1", "2", "1", "OK", "2", "4", "2", "-2", "-1", "1", "0", "1", "2", "OK", "b c",
                    "ERR value is not an integer or out of range", "ERR unknown command, or wrong number of arguments: 'SET'",
                    "ERR invalid expire time in 'set' command", "ERR syntax error",
                    "ERR unknown command, or wrong number of arguments: 'NONSENSE'", "hello", "\uFFFD\u0000",
                )
            }
            val benchmark = arrayOf("-q", "-c", "50", "-P", "16", "-n", "8000", "-t", "ping,set,get,incr", "--csv")
            Child.tool("redis-benchmark", "-p", port, *benchmark).use {
                val end = it.end()
                end.errors shouldBe ""
                end.status shouldBe 0
                val results = end.lines.filterNot { it.startsWith("\"test\"") }
                results shouldHaveSize 5
                for (line in results) line shouldMatch "\"(PING_INLINE|PING_MBULK|SET|GET|INCR)\",\"[1-9].*"
            }
            // Many connections on several loops have counted, and nothing got lost.
            Child.tool("redis-cli", "-p", port, "get", "counter:__rand_int__").use { it.end().lines.single().toInt() shouldBe 8000 }
        }
    }

    "keys and values are any bytes" {
        val keyValues = KeyValues { 0 }
        keyValues.ask("SET", anything, anything.reversed()) shouldBe "+OK\r\n"
        keyValues.ask("GET", anything) shouldBe "$256\r\n${anything.reversed()}\r\n"
        keyValues.ask("GET", anything.dropLast(1)) shouldBe "$-1\r\n"
        keyValues.ask("wrong\r\n+OK") shouldBe "-ERR unknown command, or wrong number of arguments: 'WRONG  +OK'\r\n"
    }

    "what has been kept for its time is gone" {
        var now = 0L
        val keyValues = KeyValues { now }
        keyValues.ask("SET", "short", "1", "PX", "1") shouldBe "+OK\r\n"
        keyValues.ask("SET", "long", "1", "EX", "2") shouldBe "+OK\r\n"
        keyValues.ask("SET", "ever", "1") shouldBe "+OK\r\n"
        now = 1
        keyValues.ask("MGET", "short", "long", "ever") shouldBe "*3\r\n$-1\r\n$1\r\n1\r\n$1\r\n1\r\n"
        keyValues.ask("TTL", "long") shouldBe ":2\r\n"
        keyValues.ask("SET", "short", "2", "NX") shouldBe "+OK\r\n"
        keyValues.ask("INCR", "long") shouldBe ":2\r\n"
        now = 1999
        keyValues.ask("TTL", "long") shouldBe ":1\r\n"
        now = 2000
        keyValues.ask("INCR", "long") shouldBe ":1\r\n"
        keyValues.ask("TTL", "long") shouldBe ":-1\r\n"
        keyValues.ask("EXPIRE", "long", "-1") shouldBe ":1\r\n"
        keyValues.ask("EXPIRE", "long", "1") shouldBe ":0\r\n"
        keyValues.ask("SET", "ever", "1", "EX", "1") shouldBe "+OK\r\n"
        now = 3000
        keyValues.ask("EXISTS", "ever", "short", "short") shouldBe ":2\r\n"
        keyValues.ask("DEL", "ever") shouldBe ":0\r\n"
        keyValues.ask("SET", "x", "1", "PX", "1") shouldBe "+OK\r\n"
        now = 3001
        keyValues.ask("DBSIZE") shouldBe ":2\r\n"
        keyValues.forgetOld()
        keyValues.ask("DBSIZE") shouldBe ":1\r\n"
    }

    "a pause of the clock between two looks makes no time that is left negative" {
        var now = 0L
        val keyValues = KeyValues { now.also { if (it > 0) now += 5_000 } }
        keyValues.ask("SET", "a", "1", "EX", "1")
        now = 1
        keyValues.ask("TTL", "a") shouldBe ":0\r\n"
    }

    "numbers that are none, or too large, change nothing" {
        val keyValues = KeyValues { 0 }
        for ((value, wrong) in listOf(
            "${Long.MAX_VALUE}" to "increment or decrement would overflow",
            "9223372036854775808" to "value is not an integer or out of range",
            "01" to "value is not an integer or out of range",
            "" to "value is not an integer or out of range",
        )) {
            keyValues.ask("SET", "a", value)
            keyValues.ask("INCR", "a") shouldBe "-ERR $wrong\r\n"
            keyValues.ask("GET", "a") shouldBe "$${value.length}\r\n$value\r\n"
        }
        keyValues.ask("EXPIRE", "a", "x") shouldBe "-ERR value is not an integer or out of range\r\n"
        keyValues.ask("EXPIRE", "a", "${Long.MAX_VALUE / 1000 + 1}") shouldBe "-ERR invalid expire time\r\n"
        keyValues.ask("SET", "a", "b", "PX", "-1") shouldBe "-ERR invalid expire time in 'set' command\r\n"
        keyValues.ask("SET", "a", "b", "PX", "1", "EX", "1") shouldBe "-ERR syntax error\r\n"
        keyValues.ask("TTL", "a") shouldBe ":-1\r\n"
    }

    "requests that come together are answered by one write, and what comes in pieces is the same" {
        virtualTime {
            val server = server().start(this) { serve(it, KeyValues { 0 }) }
            val writes = async(start = UNDISPATCHED) {
                server.events.takeWhile { it !is ConnectionEvent.Closed }.count { it is ConnectionEvent.Written }
            }
            val requests = List(200) { listOf("SET", "$it", anything) } + List(200) { listOf("GET", "$it") } + listOf(listOf("PING"))
            val answers = "+OK\r\n".repeat(200) + "$256\r\n$anything\r\n".repeat(200) + "+PONG\r\n"
            client(server).connect { connection ->
                connection.framed(Requests).send(requests)
                connection.shutdownOutput()
                connection.everything() shouldBe answers
            }
            writes.await() shouldBe 1
            client(server).connect { connection ->
                for (byte in "ping\r\n\r\n*0\r\n echo  you\n*2\r\n$4\r\nPING\r\n$2\r\n\r\n\r\n") connection.write("$byte".bytes())
                connection.shutdownOutput()
                connection.everything() shouldBe "+PONG\r\n$3\r\nyou\r\n$2\r\n\r\n\r\n"
            }
            server.close()
        }
    }

    "no more is taken at once than can be answered at once, however much has come and whoever does not read" {
        val peer = Memory.server().endpoint
        val many = "MGET" + " a".repeat(1000) + "\n"
        for (sent in listOf(many.repeat(100), "\n".repeat(100_000), "PING\n".repeat(20_000))) {
            val bytes = sent.bytes()
            val frames = generateSequence { Requests.decode(bytes, 0, peer) }.toList()
            frames.sumOf { it.size } shouldBe sent.count { it == '\n' }
            for (frame in frames) (frame.sumOf { it.size } <= 2048 && frame.size <= 1024) shouldBe true
            bytes.remaining() shouldBe 0
        }
        virtualTime {
            val server = server().start(this) { serve(it, KeyValues { 0 }) }
            client(server).connect { connection ->
                launch {
                    connection.write(many.repeat(100).bytes())
                    connection.shutdownOutput()
                }
                connection.everything().length shouldBe 100 * ("*1000\r\n".length + 1000 * "$-1\r\n".length)
            }
            server.close()
        }
    }

    "a page in a browser cannot have requests made by its body" {
        virtualTime {
            val keyValues = KeyValues { 0 }
            val server = server().start(this) { serve(it, keyValues) }
            client(server).connect { connection ->
                connection.write("POST / HTTP/1.1\r\nHost: 127.0.0.1:6379\r\n\r\nSET pwned yes\r\n".bytes())
                connection.everything() shouldStartWith "-ERR Protocol error: "
            }
            keyValues.ask("GET", "pwned") shouldBe "$-1\r\n"
            server.close()
        }
    }

    "who sends no requests is told what is wrong, and hung up on" {
        val peer = Memory.server().endpoint
        for ((sent, wrong) in listOf(
            "*1025\r\n" to "no * and 0 to 1024: *1025\r",
            "*-1\r\n" to "no * and 0 to 1024: *-1\r",
            "*1\n$4\r\nPING\r\n" to "no * and 0 to 1024: *1",
            "*1\r\n$1048577\r\n" to "no $ and 0 to 1048576: $1048577\r",
            "*1\r\n$99999999999999999999\r\n" to "no $ and 0 to 1048576: $99999999999999999999\r",
            "*1\r\n:1\r\n" to "no $ and 0 to 1048576: :1\r",
            "*1\r\n$4\r\nPINGPONG\r\n" to "no end after 4 bytes",
            "*1\r\n$4\r\nPING\n\r\n" to "no end after 4 bytes",
            "*+1\r\n" to "no * and 0 to 1024: *+1\r",
            "*01\r\n" to "no * and 0 to 1024: *01\r",
            "*1\r\n$-0\r\n" to "no $ and 0 to 1048576: $-0\r",
            "POST / HTTP/1.1\r\n" to "no HTTP, which any page could send",
            "host: 127.0.0.1:6379\r\n" to "no HTTP, which any page could send",
            "x".repeat(2049) to "a line of over 2048 bytes",
            "*9\r\n" + "$1048576\r\n${"x".repeat(1 shl 20)}\r\n".repeat(7) + "$1048576\r\n" to "a request of over 8388608 bytes",
        )) {
            val bytes = sent.bytes()
            shouldThrow<MalformedFrame> { Requests.decode(bytes, 0, peer) }.message shouldEndWith " sent a malformed frame: $wrong"
            // It stays where it is, so that nobody reads on in the middle.
            bytes.position() shouldBe 0
        }
        virtualTime {
            val server = server().start(this) { serve(it, KeyValues { 0 }) }
            client(server).connect { connection ->
                connection.write("PING\r\n*1\r\n$1\r\nPING\r\nPING\r\n".bytes())
                val answer = connection.everything()
                answer shouldStartWith "+PONG\r\n-ERR Protocol error: "
                answer shouldContain "no end after 1 bytes"
            }
            server.close()
        }
    }
})
