package io.hawser.testkit.reconnect

import io.hawser.reconnect.Backoff
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.LinkState
import io.hawser.reconnect.SendOutcome
import io.hawser.reconnect.reconnecting
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.withContext

/** What is sent just when the link has connected. */
class LinkSendSpec : StringSpec({
    extension(LeakCheck)
    timeout = 120_000

    "who sees that it is connected can send" {
        coroutineScope {
            // Each connection is for one message.
            Memory.server().start(this) { it.readLine() }.use { server ->
                val link = Memory.client(server).reconnecting(LinkOptions { backoff = Backoff.immediate })
                link.start(this@coroutineScope) { it.readLine() }.use {
                    withContext(Dispatchers.Default) {
                        repeat(500) {
                            while (link.state.value !is LinkState.Connected) Thread.onSpinWait()
                            val connected = link.state.value
                            link.send("message\n".encodeToByteArray()) shouldBe SendOutcome.Sent
                            link.state.first { it != connected }
                        }
                    }
                }
                link.join()
            }
        }
    }
})
