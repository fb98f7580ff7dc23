package io.hawser.samples.demo

import io.hawser.Endpoint
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import java.nio.file.Path
import java.util.Locale
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds

class ResultSpec : StringSpec({
    fun result(transport: String, nanos: LongArray) =
        Result(transport, Endpoint.Inet(transport, "127.0.0.1", 9002), bytes = 1_234_567_890, streaming = 2.seconds, RoundTrips(nanos))

    "a percentile is the smallest time within which so many were done" {
        val hundred = RoundTrips(LongArray(100) { 100L - it })
        listOf(1, 50, 99, 100).map { hundred.percentile(it) } shouldBe listOf(1, 50, 99, 100).map { it.nanoseconds }
        val three = RoundTrips(longArrayOf(30, 10, 20))
        listOf(1, 33, 34, 50, 67, 99).map { three.percentile(it).inWholeNanoseconds } shouldBe listOf<Long>(10, 10, 20, 20, 30, 30)
        RoundTrips(longArrayOf(5)).percentile(50) shouldBe 5.nanoseconds
        shouldThrow<IllegalArgumentException> { RoundTrips(LongArray(0)) }
    }

    "the table lines up, whatever the language of the machine" {
        val before = Locale.getDefault()
        Locale.setDefault(Locale.GERMANY)
        try {
            table(listOf(result("tcp", longArrayOf(40_000, 40_000)), result("carrier-pigeon", longArrayOf(4_000_000_000)))) shouldBe
                """
                transport         GB/s   round trips/s            p50            p99
                tcp              0.617          25,000        40.0 us        40.0 us
                carrier-pigeon   0.617               0   4000000.0 us   4000000.0 us
                """.trimIndent()
        } finally {
            Locale.setDefault(before)
        }
    }

    "the document has the same numbers for a program" {
        val abc = Fingerprint.Builder().apply { add(ByteBuffer.wrap("abc".encodeToByteArray())) }.build()
        document(Path.of("a \"b\".bin"), abc, listOf(result("tcp", longArrayOf(40_000, 41_500)))) shouldBe
            """{"version":"(not packaged)","file":"a \"b\".bin","bytes":3,""" +
            """"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","transports":[""" +
            """{"transport":"tcp","endpoint":"tcp://127.0.0.1:9002","gigabytesPerSecond":0.617284,"roundTrips":2,""" +
            """"roundTripsPerSecond":24539.9,"p50Micros":40,"p99Micros":41.5}]}"""
    }

    "JSON escapes what it must, and what an encoding could spoil" {
        json("tab\t quote\" back\\ ü \uD83D\uDE80 /") shouldBe "\"tab\\u0009 quote\\\" back\\\\ \\u00fc \\ud83d\\ude80 /\""
    }

    "JSON has no exponents" {
        json(listOf(1e-9, 123456789.0, 0.0, 100.0)) shouldBe "[0.000000001,123457000,0,100]"
    }
})
