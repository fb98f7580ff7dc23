package io.hawser.testkit.reconnect

import io.hawser.reconnect.DoNotReconnect
import io.hawser.reconnect.reconnecting
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.io.IOException
import kotlinx.coroutines.coroutineScope

/** Requests not to connect again. */
class DoNotReconnectSpec : StringSpec({
    extension(LeakCheck)
    timeout = 120_000

    "a request to stop that coroutines have copied on its way is the request that was made" {
        val why = IOException("why")
        for ((cause, request) in listOf(null to DoNotReconnect("enough"), why to DoNotReconnect("enough", why))) {
            coroutineScope {
                Memory.server().start(this) { it.readLine() }.use { server ->
                    val link = Memory.client(server).reconnecting()
                    // What the recovery of stack traces makes of it where assertions are on.
                    link.start(this@coroutineScope) { throw DoNotReconnect("enough", request) }.join()
                    link.cause shouldBe cause
                }
            }
        }
    }
})
