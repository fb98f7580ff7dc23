package io.hawser.documentation

import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import kotlin.io.path.Path
import kotlin.io.path.createDirectories
import kotlin.io.path.writeText

class MarkdownLinksSpec : StringSpec({
    "every link in the Markdown of the repository leads somewhere" {
        brokenMarkdownLinks(Path("../..").toRealPath()).shouldBeEmpty()
    }

    "a link that does not is told with its file and line" {
        val root = tempdir().toPath().toRealPath()
        root.resolve("more").createDirectories()
        root.resolve("README.md").writeText(
            """
            # Two of a kind: `a_b`, yes
            ## Two of a kind: `a_b`, yes
            [here](#two-of-a-kind-a_b-yes), [again](#two-of-a-kind-a_b-yes-1), [more](more/MORE.md#more), [folder](more), [web](https://example.com/a#b)
            [gone](GONE.md) and [no heading](more/MORE.md#less), [nothing](#two-of-a-kind-a_b-yes-2)
            `[code](code.md)`
            ```
            [code](code.md)
            ```
            [out](../README.md) [plain](http://example.com) [odd](https://a b)
            [odd](https://exa^mple.com/)
            """.trimIndent(),
        )
        root.resolve("more/MORE.md").writeText("# More\n[up](../README.md)\n![picture](none.png)\n")
        brokenMarkdownLinks(root) shouldContainExactly listOf(
            "README.md:4: GONE.md leads to no file",
            "README.md:4: more/MORE.md#less leads to no heading",
            "README.md:4: #two-of-a-kind-a_b-yes-2 leads to no heading",
            "README.md:9: ../README.md leads out of the repository",
            "README.md:9: http://example.com is no address of https",
            "README.md:10: https://exa^mple.com/ is no address: Illegal character in authority",
            "more/MORE.md:3: none.png leads to no file",
        )
    }
})
