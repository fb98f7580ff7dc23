package io.hawser.opentelemetry

import io.hawser.testkit.Memory
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.runBlocking

/** Run by a class loader that has no brokers and no blocking handlers. */
internal object Unaided {
    /** The spans of a connection whose handler fails. */
    @JvmStatic
    fun names(): String = runBlocking {
        coroutineScope {
            val tracing = Tracing()
            val server = Memory.server().start(this, traced(tracing.openTelemetry) { error("on purpose") })
            Memory.client(server).traced(tracing.openTelemetry).connect { it.readLine() }
            val names = tracing.spans(2).keys.sorted().joinToString()
            server.close()
            names
        }
    }
}
