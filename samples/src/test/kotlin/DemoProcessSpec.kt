package io.hawser.samples

import io.hawser.samples.demo.everyTransport
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempfile
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldMatch
import java.nio.file.Path
import kotlin.random.Random

/** `demo` as its users meet it. No test here knows how fast a machine is. */
class DemoProcessSpec : StringSpec({
    timeout = 180_000
    val everyScheme = everyTransport(Path.of("anywhere")).map { it.scheme }
    val small = tempfile().apply { writeBytes(Random(7).nextBytes(100_000)) }

    "a table has a row for each transport" {
        Child.hawser("demo", "--file", "$small").use { demo ->
            val end = demo.end(seconds = 150)
            end.status shouldBe 0
            end.errors shouldBe ""
            end.lines shouldHaveSize 1 + everyScheme.size
            end.lines.first() shouldMatch "transport +GB/s +round trips/s +p50 +p99"
            end.lines.drop(1).zip(everyScheme).forEach { (row, scheme) ->
                row shouldMatch "$scheme +[0-9.]+ +[0-9,]+ +[0-9.]+ us +[0-9.]+ us"
            }
        }
    }

    "TLS can be asked for on any address" {
        Child.hawser("demo", "--on", "tls://*:0,tls://localhost:0", "--file", "$small").use { demo ->
            val end = demo.end(seconds = 150)
            end.errors shouldBe ""
            end.status shouldBe 0
            end.lines.drop(1).map { it.substringBefore(' ') } shouldBe listOf("tls", "tls")
        }
    }

    "endpoints can be given, and listen on all addresses too" {
        Child.hawser("demo", "--on", "tcp4://127.0.0.1:0,tcp6://*:0", "--on", "*:0", "--file", "$small").use { demo ->
            val end = demo.end(seconds = 150)
            end.errors shouldBe ""
            end.status shouldBe 0
            end.lines.drop(1).map { it.substringBefore(' ') } shouldBe listOf("tcp4", "tcp6", "tcp")
        }
    }

    "JSON is one document, and stderr stays empty where nobody watches" {
        Child.hawser("demo", "--file", "$small", "--json").use { demo ->
            val end = demo.end(seconds = 150)
            end.status shouldBe 0
            end.errors shouldBe ""
            end.lines shouldHaveSize 1
            val program = """
                import json, sys, hashlib
                document = json.loads(sys.argv[1])
                assert document['sha256'] == hashlib.sha256(open(sys.argv[2], 'rb').read()).hexdigest()
                print(document['bytes'], [t['transport'] for t in document['transports']])
            """.trimIndent()
            Child.tool("python3", "-c", program, end.lines.single(), "$small").use { python ->
                python.end() shouldBe Child.End(0, listOf("100000 ${everyScheme.map { "'$it'" }}"), "")
            }
        }
    }
})
