@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.ClientOptions
import io.hawser.ReadTimeout
import io.hawser.WriteTimeout
import io.hawser.engine.EventLoopGroup
import io.hawser.transport.Layer
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.withTimeoutOrNull

/** Timeouts over streams that return from their waits for nothing, as a layer may, and over loops that are no more. */
class RestlessStreamsSpec : StringSpec({
    extension(LeakCheck)
    defaultTestConfig = DefaultTestConfig(timeout = 60.seconds)

    val restless = Layer { inner ->
        object : RawStream by inner {
            override suspend fun awaitReadable() {
                withTimeoutOrNull(10.milliseconds) { inner.awaitReadable() }
            }

            override suspend fun awaitWritable() {
                withTimeoutOrNull(10.milliseconds) { inner.awaitWritable() }
            }
        }
    }

    "a stream that wakes its reader for nothing does not keep a read timeout from firing" {
        coroutineScope {
            Memory.server().start(this) { awaitCancellation() }.use { server ->
                val options = ClientOptions { readTimeout = 50.milliseconds }
                Memory.client(server, options).through(restless).connect { shouldThrow<ReadTimeout> { it.read(ByteBuffer.allocate(1)) } }
            }
        }
    }

    "a stream that wakes its writer for nothing does not keep a write timeout from firing" {
        coroutineScope {
            Memory.server().start(this) { awaitCancellation() }.use { server ->
                val options = ClientOptions { writeTimeout = 50.milliseconds }
                Memory.client(server, options).through(restless).connect {
                    shouldThrow<WriteTimeout> { it.write(ByteBuffer.allocate(200_000)) }
                }
            }
        }
    }

    "a connection with timeouts whose loop has ended costs nothing" {
        coroutineScope {
            Memory.server().start(this) { awaitCancellation() }.use { server ->
                val group = EventLoopGroup()
                val options = ClientOptions {
                    this.group = group
                    readTimeout = 10.seconds
                    idleTimeout = 60.seconds
                }
                Memory.client(server, options).connect().use {
                    group.close()
                    LeakCheck.ensureRest()
                }
            }
        }
    }
})
