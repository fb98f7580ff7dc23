package io.hawser.samples.blockhound

import io.hawser.samples.Child
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe

/** Nothing of ours blocks the thread of an event loop. */
class BlockHoundSpec : StringSpec({
    fun run(vararg flags: String) = Child(
        "${System.getProperty("java.home")}/bin/java",
        // What the agent does to the JDK's classes has to be allowed on newer ones.
        "-XX:+AllowRedefinitionToAddDeleteMethods",
        *flags,
        "-cp",
        System.getProperty("java.class.path"),
        "io.hawser.samples.blockhound.EverythingOnceKt",
    ).use { it.end() }

    "no transport blocks a loop" {
        val end = run()
        end.lines shouldBe listOf("done")
        end.status shouldBe 0
    }

    "somebody who blocks a loop is seen" {
        run("-Dblock=true").lines.filter { it.startsWith("blocked: ") && "sleep" in it } shouldHaveSize 1
    }
})
