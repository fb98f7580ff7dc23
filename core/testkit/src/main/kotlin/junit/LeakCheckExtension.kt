package io.hawser.testkit.junit

import io.hawser.testkit.LeakCheck
import io.hawser.testkit.leak.Holdings
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.extension.AfterAllCallback
import org.junit.jupiter.api.extension.AfterEachCallback
import org.junit.jupiter.api.extension.BeforeEachCallback
import org.junit.jupiter.api.extension.ExtensionContext
import org.junit.jupiter.api.extension.ExtensionContext.Namespace

/**
 * Fails a JUnit 5 test that leaves descriptors or threads behind, and a class after which the threads do not come to rest:
 * `@ExtendWith(LeakCheckExtension.class)`. What is looked at and for how long says [LeakCheck].
 */
public class LeakCheckExtension :
    BeforeEachCallback,
    AfterEachCallback,
    AfterAllCallback {
    override fun beforeEach(context: ExtensionContext) {
        context.store.put(Holdings::class, LeakCheck.baseline())
    }

    /** @throws AssertionError listing what is left. */
    override fun afterEach(context: ExtensionContext) {
        val before = context.store.remove(Holdings::class, Holdings::class.java) ?: return
        runBlocking { LeakCheck.leftSince(before) }?.let { throw it }
    }

    /** @throws AssertionError if threads are busy with nothing to do, or do not end. */
    override fun afterAll(context: ExtensionContext): Unit = runBlocking { LeakCheck.ensureEnd() }

    private val ExtensionContext.store get() = getStore(Namespace.create(LeakCheckExtension::class.java))
}
