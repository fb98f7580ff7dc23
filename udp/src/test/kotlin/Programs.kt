package io.hawser.udp

import java.io.File
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.withContext
import org.opentest4j.TestAbortedException

/** Nothing here takes this long unless it hangs. */
internal val HANG = 120.seconds

/** What [command] prints; it takes no longer than it has to. Where it is not installed the test is skipped, and fails under CI. */
internal suspend fun run(vararg command: String): String = withContext(Dispatchers.IO) {
    require(command.first())
    val process = ProcessBuilder(*command).redirectErrorStream(true).start()
    val reading = async { process.inputReader().readText() }
    try {
        reading.await()
    } catch (e: CancellationException) {
        // Nothing else ends the read.
        process.destroyForcibly()
        throw e
    }
}

/** The command that runs [main] in a JVM of its own, whose heap is as large as it gets from the beginning. */
internal fun java(main: Any, vararg arguments: String): Array<String> = arrayOf(
    "${System.getProperty("java.home")}/bin/java",
    "-Xms64m",
    "-Xmx64m",
    "-XX:+AlwaysPreTouch",
    "-XX:TieredStopAtLevel=1",
    "-cp",
    System.getProperty("java.class.path"),
    main::class.java.name,
    *arguments,
)

internal fun require(program: String) {
    if (File(program).canExecute() || System.getenv("PATH").split(':').any { File(it, program).canExecute() }) return
    check(System.getenv("CI") != "true") { "$program is not installed" }
    throw TestAbortedException("$program is not installed")
}
