package io.hawser.testkit.junit

import io.hawser.Endpoint
import io.hawser.ServerHandle
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.RecordedEvents
import io.hawser.testkit.host.Host
import io.hawser.testkit.leak.Holdings
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.selects.select
import org.junit.jupiter.api.extension.AfterAllCallback
import org.junit.jupiter.api.extension.AfterEachCallback
import org.junit.jupiter.api.extension.BeforeAllCallback
import org.junit.jupiter.api.extension.BeforeEachCallback
import org.junit.jupiter.api.extension.ExtensionContext

/** What [ServerExtension] and [DatagramServerExtension] have in common. */
public abstract class HostLifecycle<H : ServerHandle> internal constructor(private val host: Host<H>) :
    BeforeAllCallback,
    BeforeEachCallback,
    AfterEachCallback,
    AfterAllCallback {
    /** A server that runs until [down] completes; [life] completes when nothing of it is left. */
    private class Run(val owner: String, val life: Deferred<Unit>, val down: CompletableDeferred<Unit>)

    /** Touched by the thread that runs the tests, as everything here. */
    private var run: Run? = null
    private var before = 0
    private var holdings: Holdings? = null

    /**
     * The running server.
     *
     * @throws IllegalStateException before the first test and after the last one.
     */
    public val server: H get() = host.server

    /** Where it listens. */
    public val endpoint: Endpoint get() = server.endpoint

    /**
     * The port it listens on.
     *
     * @throws IllegalStateException if its transport has no ports.
     */
    public val port: Int get() = server.port

    /** What has happened to the server and to whom it serves since the test began. */
    public val events: RecordedEvents get() = host.events

    /** Starts the server, which runs until the end of the class. */
    override fun beforeAll(context: ExtensionContext): Unit = up(context)

    /** Starts the server if the field that holds this is not static; it then runs until the end of the test. */
    override fun beforeEach(context: ExtensionContext) {
        up(context)
        before = host.begin()
        holdings = LeakCheck.baseline()
    }

    /** @throws AssertionError if the test left something behind, or a handler asserted something in vain. */
    override fun afterEach(context: ExtensionContext) {
        try {
            runBlocking {
                val leak = holdings?.let { LeakCheck.leftSince(it) }
                val problem = host.problemSince(before)
                if (leak != null && problem != null) leak.addSuppressed(problem)
                (leak ?: problem)?.let { throw it }
            }
        } finally {
            down(context)
        }
    }

    /** @throws AssertionError if anything was left behind. */
    override fun afterAll(context: ExtensionContext): Unit = down(context)

    private fun up(context: ExtensionContext) {
        if (run != null) return
        val started = CompletableDeferred<Unit>()
        val down = CompletableDeferred<Unit>()
        val life = CoroutineScope(Dispatchers.Default).async {
            host.around {
                started.complete(Unit)
                down.await()
            }
        }
        runBlocking {
            select {
                started.onAwait { }
                life.onAwait { }
            }
        }
        run = Run(context.uniqueId, life, down)
    }

    /** Whoever started it ends it. */
    private fun down(context: ExtensionContext) {
        val ending = run?.takeIf { it.owner == context.uniqueId } ?: return
        run = null
        ending.down.complete(Unit)
        runBlocking { ending.life.await() }
    }
}
