package io.hawser.samples.published

import io.hawser.ExperimentalHawserApi
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.nio.file.Path
import kotlin.io.path.createParentDirectories
import kotlin.io.path.writeText

/** Each module offers what its dump in the checkout says that it offers. */
class AbiSpec : StringSpec({
    val update = System.getProperty("hawser.abi.update") == "true"
    val markers by lazy { PublishedModule.all.flatMap { it.classes }.filter { it.isMarker }.map { it.name }.toSet() }

    for (module in PublishedModule.all) {
        "$module offers what it has offered" {
            val now = abiOf(module.classFiles, markers)
            if (update) module.dump.createParentDirectories().writeText(now)
            abiComplaint(module.artifact, module.dump, now)?.let { throw AssertionError(it) }
        }
    }

    "there is no dump of anything else" {
        // What is being built, and what is another checkout, is not this one's.
        val root = PublishedModule.root.toFile()
        val folders = root.walkTopDown().onEnter {
            it == root || (it.name != "target" && !it.name.startsWith(".") && !it.resolve(".git").exists())
        }
        val dumps = folders.filter { it.extension == "api" }.map { it.toPath() }.toList()
        dumps.shouldContainExactlyInAnyOrder(PublishedModule.all.map { it.dump })
    }

    "what asks for an opt-in is known" {
        markers.shouldContainAll(
            "io.hawser.ExperimentalHawserApi",
            "io.hawser.transport.TransportApi",
            "io.hawser.settings.SettingsApi",
            "io.hawser.broker.routing.RoutingApi",
        )
    }

    "a dump has what is public, and neither what is internal nor what stands under a marker" {
        offered(markers = setOf(ExperimentalHawserApi::class.java.name)) shouldBe """
            public final class io/hawser/samples/published/Offered {
            ${"\t"}public fun <init> ()V
            ${"\t"}public final fun settled (I)Ljava/lang/String;
            }

        """.trimIndent()
    }

    "what goes and what comes is told, each with its class" {
        val dump = tempdir().toPath().resolve("offered.api")
        val now = offered(markers = emptySet())
        dump.writeText(now)
        abiComplaint("offered", dump, now) shouldBe null
        dump.writeText(now.replace("settled (I)", "settled (J)"))
        val complaint = abiComplaint("offered", dump, now).orEmpty()
        complaint.lines().drop(1).take(2) shouldBe listOf(
            "- io/hawser/samples/published/Offered: public final fun settled (J)Ljava/lang/String;",
            "+ io/hawser/samples/published/Offered: public final fun settled (I)Ljava/lang/String;",
        )
        complaint shouldContain "-Dhawser.abi.update=true"
        abiChanges(now, "").shouldContain("- public final class io/hawser/samples/published/Offered\$Unsettled")
    }

    "a module without a dump has none" {
        abiComplaint("offered", tempdir().toPath().resolve("offered.api"), "").orEmpty() shouldStartWith "offered has no dump: there is no "
    }
})

/** Something to dump. */
@Suppress("unused")
public class Offered {
    public fun settled(number: Int): String = "$number"

    @ExperimentalHawserApi
    public fun unsettled() {
    }

    internal fun hidden() {
    }

    @ExperimentalHawserApi
    public class Unsettled {
        public class Within
    }
}

private fun offered(markers: Set<String>): String {
    val place = Path.of(Offered::class.java.protectionDomain.codeSource.location.toURI())
    val files = listOf("Offered", "Offered\$Unsettled", "Offered\$Unsettled\$Within")
    return abiOf(files.map { place.resolve("io/hawser/samples/published/$it.class") }, markers)
}
