package io.hawser.testkit

import io.hawser.Connection
import io.kotest.core.spec.style.StringSpec
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope

/** Registers a test that gets the two ends of a connection in memory, which belong to nobody. */
internal fun StringSpec.overMemory(name: String, block: suspend CoroutineScope.(near: Connection, far: Connection) -> Unit) {
    name {
        val (near, far) = Memory.pair()
        near.use { far.use { coroutineScope { block(near, far) } } }
    }
}
