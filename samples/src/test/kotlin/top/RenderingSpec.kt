package io.hawser.samples.top

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import org.jline.utils.AttributedString

class RenderingSpec : StringSpec({
    fun View.shown(frame: Frame) = render(frame).map { "$it".trimEnd() }

    fun AttributedString.lastStyle() = styleAt(length - 1)

    val broker = View(listOf(Example.broker))
    val idle = View(listOf(Example.idle))

    "a screen of 80 columns has it all" {
        broker.shown(Frame(80, 24)).joinToString("\n") shouldBe """
            broker  tls://127.0.0.1:9443  up 1d 1h                                  DEGRADED
            full: 1000 of 1000 connections
            connections 1,000  providers 12  in flight 7  queued bytes 1.5 MB
                                 a second     in all
            requests                1,234  7,654,321
            accepted                  0.3       12 M
            in                     2.5 MB     1.2 GB
            out                       0 B      999 B
            completed 7,654,000  timed out 3
            refused 42: too many connections 40  not admitted 2
                                      p50        p99        max
            loop delay              21 us     180 us     1.2 ms
            request delay          1.1 ms      42 ms      2.5 s

            channel                           req/s      p99  flying  waiting  answer    ask
            7d444840-9dc0-..5-5ffdce74fad2    1,200    41 ms       6       12      10    900
            00000000-0000-..0-000000000000      0.1        -       0        0       1      1

            connection                  in/s    out/s      age     idle       in      out
            [2001:db8::1]:40001       1.3 MB    900 B    1d 1h       0s   9.9 GB    12 kB
            10.0.0.7:51000 (slowed)      0 B     51 B    1h 2m       3s     12 B   7.0 MB
            (no address)                 0 B      0 B       5s       5s      0 B      0 B
        """.trimIndent()
    }

    "what is not there takes no line" {
        idle.shown(Frame(80)).joinToString("\n") shouldBe """
            echo  unix:/run/echo.sock  up 5s                                              UP
            connections 0
                                 a second     in all
            accepted                    0          0
            in                        0 B        0 B
            out                       0 B        0 B
        """.trimIndent()
    }

    "a narrow screen has the first columns, and names without their middle" {
        val lines = broker.shown(Frame(44))
        lines.first() shouldBe "broker  tls...0.0.1:9443  up 1d 1h  DEGRADED"
        lines shouldContain "refused 42: too many connections 40"
        lines shouldContain "            not admitted 2"
        lines shouldContain "7d444840..ce74fad2    1,200    41 ms       6"
        lines shouldContain "10.0.0.7..slowed)      0 B     51 B    1h 2m"
    }

    "no line is wider than the screen, and there are no more than it has" {
        val long = Example.broker.copy(program = "p".repeat(300), endpoint = "unix:/" + "漢字".repeat(50), state = "draining")
        for (width in listOf(1, 7, 20, 44, 80, 131, 300)) {
            for (height in listOf(1, 3, 12, 24, 60)) {
                val lines = View(List(100) { long }, notice = "n".repeat(400)).render(Frame(width, height, bars = true))
                lines.maxOf { it.columnLength() } shouldBeLessThanOrEqual width
                lines.size shouldBeLessThanOrEqual height
            }
        }
    }

    "what peers call themselves controls no terminal" {
        val evil = Example.broker.busiest.first().copy(remote = "\u001b[2Jx\t\u009b1m\n\u202ey")
        View(listOf(Example.broker.copy(busiest = listOf(evil)))).shown(Frame(80)).last() shouldContain "?[2Jx ?1m??y  "
    }

    "health has a colour, and bars end with the last number" {
        idle.render(Frame(80)).first().lastStyle() shouldBe Style.Good.attributes
        broker.render(Frame(80)).first().lastStyle() shouldBe Style.Warning.attributes
        val rising = View() + Example.idle.copy(rates = mapOf("in" to 1.0)) + Example.idle.copy(rates = mapOf("in" to 2.0))
        rising.shown(Frame(80, bars = true)).single { it.startsWith("in ") } shouldEndWith "  ▄█"
    }

    "while nothing comes what was last seen stays, and says so" {
        val lines = idle.copy(notice = "waiting to reconnect: refused").shown(Frame(40))
        lines.take(2) shouldBe listOf("echo  unix:/run/echo.sock  up 5s  was up", "waiting to reconnect: refused")
        View(notice = "connecting to unix:/a").shown(Frame(40)) shouldBe listOf("hawser top", "connecting to unix:/a")
    }

    "a program that was started again has no past" {
        val again = Example.idle.copy(since = Example.idle.since.plusSeconds(60))
        (idle + Example.idle + again).history shouldBe listOf(again)
        List(300) { Example.idle }.fold(View()) { view, next -> view + next }.history.size shouldBe 200
    }
})
