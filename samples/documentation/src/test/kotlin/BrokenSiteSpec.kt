package io.hawser.documentation

import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.string.shouldContain
import kotlin.io.path.createDirectories
import kotlin.io.path.readText
import kotlin.io.path.writeText

/** Everything that may be wrong with a documentation, and how it is told. */
class BrokenSiteSpec : StringSpec({
    "what does not resolve, or is not documented, is told with where it is" {
        val root = tempdir().toPath().toRealPath()
        val kotlin = root.resolve("small/src/main/kotlin").createDirectories()
        val java = root.resolve("small/src/main/java/small").createDirectories()
        root.resolve("pom.xml").writeText("<project><modules><module>small</module></modules></project>")
        root.resolve("small/pom.xml").writeText("<project><artifactId>small</artifactId><description>Little.</description></project>")
        kotlin.resolve("Small.kt").writeText(SMALL)
        java.resolve("Tiny.java").writeText(TINY)
        val texts = root.resolve("packages.md").apply { writeText("# Module hawser\n\nAll.\n") }
        val samples = root.resolve("samples").createDirectories()
        samples.resolve("Samples.kt").writeText("package samples\n\nfun shown() { println(\"shown\") }\n")

        val site = Site(libraryModules(root), emptyList(), listOf(samples), texts, emptyMap(), root.resolve("html"))
        site.write().map { it.removePrefix("$root/") } shouldContainExactlyInAnyOrder listOf(
            "Couldn't resolve link: [Gone] in Small.kt/io.hawser.small.Small (hawser/main)",
            "Couldn't resolve link: [Gone] in Small.kt (hawser/main)",
            "Couldn't resolve link: [nobody] in Small.kt/io.hawser.small.Small.function (hawser/main)",
            "Couldn't resolve link: [NoSuchThing] in Small.kt/io.hawser.small.Small.function (hawser/main)",
            "Unable to resolve a @sample link: \"samples.gone\". Is it used correctly? " +
                "Expecting a link to a reachable (resolvable) top-level Kotlin function.",
            "io.hawser.small is not documented",
            "small/src/main/kotlin/Small.kt:4: io.hawser.small.Small.untold is not documented",
            "small/src/main/kotlin/Small.kt:15: io.hawser.small.Small.silent is not documented",
            "io.hawser.small.Choice.Untold is not documented",
            "small/src/main/java/small/Tiny.java:7: io.hawser.small.Tiny.silent is not documented",
            "hawser/small/io.hawser.small/-small/index.html: io.hawser.small/Small/hidden/#/PointingToDeclaration/ is on no page",
            "hawser/small/io.hawser.small/-small/function.html: io.hawser.small/Small/hidden/#/PointingToDeclaration/ is on no page",
        )
        val pages = root.resolve("html/hawser/small/io.hawser.small")
        pages.resolve("-small/function.html").readText() shouldContain "println(&quot;shown&quot;)"
        pages.resolve("-tiny/index.html").readText() shouldContain """<a href="../-small/told.html">"""
    }

    "a link between pages that leads nowhere is told with its page" {
        val site = tempdir().toPath()
        site.resolve("part").createDirectories()
        site.resolve("index.html").writeText(
            """
            <a id="top" href="#top">here</a> <a href="part/page.html#place%2F1">there</a> <a href="https://example.com/">away</a>
            <a href="gone.html">a</a> <a href="part/page.html#none">b</a> <script src="gone.js"></script>
            """.trimIndent(),
        )
        site.resolve("part/page.html").writeText("""<a data-name="x" id="place%2F1" href="../index.html?a=b&amp;c=d#top">back</a>""")
        brokenLinks(site) shouldContainExactly listOf(
            "index.html: gone.html leads to no page",
            "index.html: gone.js leads to no page",
            "index.html: part/page.html#none leads to no place on its page",
        )
    }
})

private val SMALL = """
    package io.hawser.small

    /** A class that tells of [told], [of a function][Small.function], and of [Gone]. */
    public class Small(public val told: Int, public val untold: Int) {
        /**
         * Leads to [hidden], which has no page.
         *
         * @param nobody is no parameter
         * @throws NoSuchThing never
         * @sample samples.shown
         * @sample samples.gone
         */
        public fun function(value: Int): Int = value

        public fun silent(): Unit = Unit

        internal fun hidden(): Unit = Unit

        override fun toString(): String = "small"
    }

    /** What may be. */
    public enum class Choice {
        /** This. */
        Told,
        Untold,
    }
""".trimIndent()

private val TINY = """
    package io.hawser.small;

    /** Uses {@link Small#getTold()}. */
    public class Tiny {
        private Tiny() {}

        public void silent() {}

        @Override
        public String toString() {
            return "tiny";
        }
    }
""".trimIndent()
