package io.hawser.event

import ch.qos.logback.classic.Level
import ch.qos.logback.classic.Logger
import ch.qos.logback.classic.spi.ILoggingEvent
import ch.qos.logback.core.read.ListAppender
import io.hawser.CloseReason
import io.hawser.Endpoint
import io.hawser.IdleTimeout
import io.hawser.ShutdownReport
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.net.InetSocketAddress
import java.time.Duration
import org.slf4j.LoggerFactory

class EventLoggerSpec : StringSpec({
    val here = InetSocketAddress("127.0.0.1", 9002)
    val there = InetSocketAddress("127.0.0.1", 40_000)
    val idle = IdleTimeout(Endpoint.of("tcp", there), Duration.ofSeconds(1))
    val boom = IllegalStateException("boom")

    val events = listOf<Triple<SocketEvent, Level, Throwable?>>(
        Triple(ServerEvent.Listening(here), Level.INFO, null),
        Triple(ServerEvent.Refused(here, there, Refusal.TooManyConnections(3)), Level.INFO, null),
        Triple(ServerEvent.AcceptFailed(here, boom), Level.WARN, boom),
        Triple(ConnectionEvent.Opened(1, here, there), Level.DEBUG, null),
        Triple(ConnectionEvent.Read(1, here, there, 5), Level.TRACE, null),
        Triple(ConnectionEvent.Written(1, here, there, 5), Level.TRACE, null),
        Triple(ConnectionEvent.Failed(1, here, there, boom), Level.WARN, boom),
        Triple(ConnectionEvent.Failed(1, here, there, idle), Level.DEBUG, idle),
        Triple(ConnectionEvent.Closed(1, here, there, CloseReason.Timeout(idle)), Level.DEBUG, null),
        Triple(ServerEvent.Stopped(here), Level.INFO, null),
    )

    "each event is a line at the level it is worth, with its cause" {
        val logger = LoggerFactory.getLogger("EventLoggerSpec") as Logger
        val lines = ListAppender<ILoggingEvent>().apply { start() }
        logger.level = Level.TRACE
        logger.isAdditive = false
        logger.addAppender(lines)
        val listener = EventLogger(logger)
        for ((event, level, cause) in events) {
            lines.list.clear()
            listener.onEvent(event)
            val line = lines.list.single()
            line.level shouldBe level
            line.formattedMessage shouldBe "$event"
            line.throwableProxy?.className shouldBe cause?.javaClass?.name
        }
    }

    "states and refusals say what they are" {
        ServerState.Closed(ShutdownReport(1, 2)).toString() shouldBe "Closed(report=ShutdownReport(drained=1, cut=2))"
        ServerState.NotAccepting.toString() shouldBe "NotAccepting"
        Refusal.TooManyConnections(3).toString() shouldBe "the limit of 3 connections is reached"
        Refusal.TooManyFromHost(there.address, 2).toString() shouldBe "the limit of 2 connections from 127.0.0.1 is reached"
    }
})
