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
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.selects.select
import kotlinx.coroutines.withContext
import org.junit.jupiter.api.extension.AfterAllCallback
import org.junit.jupiter.api.extension.AfterEachCallback
import org.junit.jupiter.api.extension.BeforeAllCallback
import org.junit.jupiter.api.extension.BeforeEachCallback
import org.junit.jupiter.api.extension.ExtensionContext
import org.junit.jupiter.api.extension.ExtensionContext.Namespace

/** What [ServerExtension] and [DatagramServerExtension] have in common. */
public abstract class HostLifecycle<H : ServerHandle> internal constructor(private val host: Host<H>) :
    BeforeAllCallback,
    BeforeEachCallback,
    AfterEachCallback,
    AfterAllCallback {
    /** A server that runs until [down] completes; [life] completes when nothing of it is left. */
    private class Run(val life: Deferred<Unit>, val down: CompletableDeferred<Unit>)

    /** What a test finds, to compare with what it leaves. */
    private class Found(val count: Long, val holdings: Holdings)

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
        context.store.put(Found::class, Found(host.begin(), LeakCheck.baseline()))
    }

    /** @throws AssertionError if the test left something behind, or a handler asserted something in vain. */
    override fun afterEach(context: ExtensionContext) {
        AutoCloseable { down(context) }.use {
            val found = context.store.remove(Found::class, Found::class.java) ?: return
            runBlocking { problemSince(found) }?.let { throw it }
        }
    }

    /** @throws AssertionError if anything was left behind. */
    override fun afterAll(context: ExtensionContext): Unit = down(context)

    private suspend fun problemSince(found: Found): AssertionError? {
        val leak = LeakCheck.leftSince(found.holdings)
        val problem = host.problemSince(found.count) ?: return leak
        leak?.addSuppressed(problem)
        return leak ?: problem
    }

    /** Starts it unless it runs for [context], or for the class around it, already. An interrupted thread starts nothing. */
    private fun up(context: ExtensionContext) {
        if (context.store.get(Run::class) != null) return
        if (Thread.interrupted()) throw InterruptedException()
        val started = CompletableDeferred<Unit>()
        val down = CompletableDeferred<Unit>()
        val life = CoroutineScope(Dispatchers.Default).async {
            host.around {
                started.complete(Unit)
                down.await()
            }
        }
        try {
            runBlocking {
                select<Unit> {
                    started.onAwait { }
                    life.onAwait { }
                }
            }
        } catch (e: Throwable) {
            // The thread was interrupted, or there is no server.
            runBlocking { withContext(NonCancellable) { life.cancelAndJoin() } }
            throw e
        }
        context.store.put(Run::class, Run(life, down))
        context.restAtEnd()
    }

    /** Whoever started it ends it, and waits until it is gone, interrupted or not. */
    private fun down(context: ExtensionContext) {
        val ending = context.store.remove(Run::class, Run::class.java) ?: return
        ending.down.complete(Unit)
        runBlocking { withContext(NonCancellable) { ending.life.await() } }
    }

    private val ExtensionContext.store get() = getStore(Namespace.create(HostLifecycle::class.java, this@HostLifecycle))

    private companion object {
        /** Has it looked at, once for all servers, whether the threads come to rest, and end, when the outermost class has ended. */
        fun ExtensionContext.restAtEnd() {
            val outermost = generateSequence(this) { it.parent.orElse(null) }.last { it.testClass.isPresent }
            outermost.getStore(Namespace.create(HostLifecycle::class.java))
                .getOrComputeIfAbsent("rest") { AutoCloseable { runBlocking { LeakCheck.ensureEnd() } } }
        }
    }
}
