package io.hawser.udp

import io.hawser.testkit.Program
import kotlin.time.Duration.Companion.seconds

/** Nothing here takes this long unless it hangs. */
internal val HANG = 120.seconds

/** What [command] prints; it takes no longer than it has to. Where it is not installed the test is skipped, and fails under CI. */
internal suspend fun run(vararg command: String): String = Program.start(*command).use { it.finish().first }

/**
 * The command that runs [main] in a JVM of its own, whose heap is as large as it gets from the beginning, and which prints no warning of a
 * blocked loop: the machine may stand still.
 */
internal fun java(main: Any, vararg arguments: String): Array<String> = arrayOf(
    "${System.getProperty("java.home")}/bin/java",
    "-Xms64m",
    "-Xmx64m",
    "-XX:+AlwaysPreTouch",
    "-XX:TieredStopAtLevel=1",
    "-Dwatchdog=OFF",
    "-cp",
    System.getProperty("java.class.path"),
    main::class.java.name,
    *arguments,
)
