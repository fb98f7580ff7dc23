package io.hawser.config

import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlin.io.path.writeText
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope

private fun server(lines: String = "") = "[server.api]\nendpoint = \"tcp://127.0.0.1:0\"\n$lines\n"

/** What is not as it should be when files change, or not only they do. */
class ConfigChangeSpec : StringSpec({
    extension(LeakCheck)

    "what code or a reader throws changes nothing, and does not end the watch" {
        val path = file(server("max-connections = 4"))
        var fails = false
        coroutineScope {
            val config = HawserConfig.load {
                file(path)
                environment(emptyMap())
                server("api") { if (fails) throw NoSuchElementException("gone") }
            }
            val watch = config.asked()
            val running = config.server("api").start(this) { it.writeLine(it.readLine().orEmpty()) }
            suspend fun rejected(): String = watch.check().shouldBeInstanceOf<ConfigEvent.Rejected>().cause.problems.single().toString()
            fails = true
            path.writeText(server("max-connections = 5"))
            rejected() shouldBe "code: server.api cannot be changed by code: java.util.NoSuchElementException: gone"
            path.writeText("[server.api]\nendpoint = \"udp://127.0.0.1:0\"\n")
            rejected() shouldBe
                "code: server.api does not go: code changes it as one of servers of streams, and udp://127.0.0.1:0 carries datagrams"
            path.writeText(server("idle-timeout = \"${"1s".repeat(50_000)}\""))
            rejected() shouldContain "is not a duration"
            Tcp.client("127.0.0.1", running.port).echoes() shouldBe true
            running.options.maxConnections shouldBe 4
            fails = false
            path.writeText(server("max-connections = 6"))
            watch.check().shouldBeInstanceOf<ConfigEvent.Reloaded>()
            running.options.maxConnections shouldBe 6
            running.close()
            coroutineContext.cancelChildren()
        }
    }

    "half a file does not count, and a table that was gone is the same when it is back" {
        val path = file(server("max-connections = 4"))
        coroutineScope {
            var writer: () -> Unit = {}
            val watch = HawserConfig.load(path).asked { writer() }
            val old = watch.config.value.server("api")
            val running = old.start(this) { }
            path.writeText(server())
            writer = {
                path.writeText(server("max-connections = 5"))
                writer = {}
            }
            watch.check().shouldBeInstanceOf<ConfigEvent.Reloaded>().live shouldContainExactly listOf("server.api.max-connections")
            path.writeText("")
            watch.check().shouldBeInstanceOf<ConfigEvent.Reloaded>()
            running.options.maxConnections shouldBe 5
            path.writeText(server("max-connections = 6\nbacklog = 7"))
            watch.check().shouldBeInstanceOf<ConfigEvent.Reloaded>().pending shouldContainAll listOf("server.api.backlog")
            running.options.maxConnections shouldBe 6
            running.close()
            running.awaitClosed()
            // Whoever starts the one of before gets what counts by now.
            val later = old.start(this) { }
            later.options.maxConnections shouldBe 6
            path.writeText(server("max-connections = 6\nbacklog = 8"))
            later.close()
            later.awaitClosed()
            watch.check().shouldBeInstanceOf<ConfigEvent.Reloaded>().run {
                live shouldBe emptyList()
                pending shouldContainExactly listOf("server.api.backlog")
            }
            coroutineContext.cancelChildren()
        }
    }

    "what changes in the file of a secret is told, and so is another order of classes" {
        fun classes(vararg names: String) = names.joinToString("") { "[server.api.admission-classes.$it]\nallow = [\"10.0.0.0/8\"]\n" }
        val channel = "channel = \"6ba7b810-9dad-11d1-80b4-00c04fd430c8\""
        val provider = "[client.db]\nendpoint = \"memory:db\"\n[provider.db]\n$channel\ntoken = \"file:token\"\n"
        val path = file("")
        val token = path.resolveSibling("token").also { it.writeText("first\n") }
        path.writeText(server() + classes("staff", "guests") + provider)
        coroutineScope {
            val watch = HawserConfig.load(path).asked()
            val running = watch.config.value.server("api").start(this) { }
            token.writeText("second\n")
            watch.check().shouldBeInstanceOf<ConfigEvent.Reloaded>().run {
                live shouldBe emptyList()
                pending shouldContainExactly listOf("provider.db.token")
            }
            token.writeText("\n")
            watch.check().shouldBeInstanceOf<ConfigEvent.Rejected>().cause.message shouldContain "it is empty"
            token.writeText("second\n")
            watch.check().shouldBeInstanceOf<ConfigEvent.Reloaded>().pending shouldBe emptyList()
            path.writeText(server() + classes("guests", "staff") + provider)
            watch.check().shouldBeInstanceOf<ConfigEvent.Reloaded>().live shouldContainExactly listOf("server.api.admission-classes")
            running.options.admissionClasses.map { it.name } shouldContainExactly listOf("guests", "staff")
            running.close()
            coroutineContext.cancelChildren()
        }
    }
})
