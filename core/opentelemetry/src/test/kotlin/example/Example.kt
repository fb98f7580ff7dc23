package io.hawser.opentelemetry.example

import io.hawser.copyTo
import io.hawser.opentelemetry.traced
import io.hawser.tcp.Tcp
import io.opentelemetry.sdk.OpenTelemetrySdk
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter
import io.opentelemetry.sdk.trace.SdkTracerProvider
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope

suspend fun main(): Unit = coroutineScope {
    val spans = InMemorySpanExporter.create() // yours sends them somewhere
    val provider = SdkTracerProvider.builder().addSpanProcessor(SimpleSpanProcessor.create(spans)).build()
    val openTelemetry = OpenTelemetrySdk.builder().setTracerProvider(provider).build()

    val echo = traced(openTelemetry) { connection -> connection.copyTo(connection) }
    val server = Tcp.server(port = 0).start(this, echo)
    Tcp.client("127.0.0.1", server.port).traced(openTelemetry).connect { connection ->
        connection.writeLine("hello")
        connection.readLine()
    }
    server.shutdown(grace = 10.seconds) // waits for the handler, and so for its span
    println(spans.finishedSpanItems.map { it.name })
}
