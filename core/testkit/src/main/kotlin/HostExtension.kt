package io.hawser.testkit

import io.hawser.Endpoint
import io.hawser.ServerHandle
import io.hawser.testkit.host.Host
import io.kotest.core.extensions.SpecExtension
import io.kotest.core.extensions.TestCaseExtension
import io.kotest.core.spec.Spec
import io.kotest.core.test.TestCase
import io.kotest.engine.test.TestResult
import io.kotest.engine.test.TestResultBuilder

/** What [ServerExtension] and [DatagramServerExtension] have in common. */
public abstract class HostExtension<H : ServerHandle> internal constructor(private val host: Host<H>) :
    SpecExtension,
    TestCaseExtension {
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

    /** Runs the spec while the server runs. */
    override suspend fun intercept(spec: Spec, execute: suspend (Spec) -> Unit) {
        host.around { execute(spec) }
        LeakCheck.ensureEnd()
    }

    /** Runs the test, and turns its result into an error if it leaves something behind or a handler asserted something in vain. */
    override suspend fun intercept(testCase: TestCase, execute: suspend (TestCase) -> TestResult): TestResult {
        val before = host.begin()
        val result = LeakCheck.intercept(testCase, execute)
        val problem = host.problemSince(before) ?: return result
        val own = result.errorOrNull
        if (own == null) return TestResultBuilder.builder().withDuration(result.duration).withError(problem).build()
        own.addSuppressed(problem)
        return result
    }
}
