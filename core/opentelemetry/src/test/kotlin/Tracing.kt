package io.hawser.opentelemetry

import io.kotest.assertions.nondeterministic.eventually
import io.kotest.matchers.shouldBe
import io.opentelemetry.api.OpenTelemetry
import io.opentelemetry.api.common.AttributeKey
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator
import io.opentelemetry.context.propagation.ContextPropagators
import io.opentelemetry.context.propagation.TextMapPropagator
import io.opentelemetry.sdk.OpenTelemetrySdk
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter
import io.opentelemetry.sdk.trace.SdkTracerProvider
import io.opentelemetry.sdk.trace.SdkTracerProviderBuilder
import io.opentelemetry.sdk.trace.data.EventData
import io.opentelemetry.sdk.trace.data.SpanData
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor
import kotlin.time.Duration.Companion.seconds

/** Spans that are kept when they end. */
internal class Tracing(
    propagator: TextMapPropagator = W3CTraceContextPropagator.getInstance(),
    build: SdkTracerProviderBuilder.() -> Unit = {},
) {
    private val exporter = InMemorySpanExporter.create()
    val openTelemetry: OpenTelemetry = OpenTelemetrySdk.builder()
        .setTracerProvider(SdkTracerProvider.builder().addSpanProcessor(SimpleSpanProcessor.create(exporter)).apply(build).build())
        .setPropagators(ContextPropagators.create(propagator))
        .build()

    /** All that have ended, once there are [count] of them, by their names. */
    suspend fun spans(count: Int): Map<String, List<SpanData>> {
        eventually(60.seconds) { exporter.finishedSpanItems.size shouldBe count }
        return exporter.finishedSpanItems.groupBy { it.name }
    }

    suspend fun span(): SpanData = spans(1).values.single().single()
}

internal fun SpanData.text(name: String): String? = attributes.get(AttributeKey.stringKey(name))

internal fun SpanData.number(name: String): Long? = attributes.get(AttributeKey.longKey(name))

internal val SpanData.happened: List<String> get() = events.map { it.name }

internal fun EventData.text(name: String): String? = attributes.get(AttributeKey.stringKey(name))
