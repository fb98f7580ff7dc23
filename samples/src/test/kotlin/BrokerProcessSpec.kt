package io.hawser.samples

import io.hawser.testkit.LeakCheck
import io.hawser.testkit.TestCertificates
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldMatch
import io.kotest.matchers.string.shouldStartWith
import java.net.InetAddress
import java.net.ServerSocket
import java.nio.file.Files
import java.nio.file.Path
import java.util.UUID
import kotlin.io.path.exists
import kotlin.io.path.readText
import kotlin.time.Duration.Companion.seconds
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

/** `broker` as its users meet it: processes that ask and answer, end and are killed. */
class BrokerProcessSpec : StringSpec({
    extension(LeakCheck)
    timeout = 180_000

    val folder = tempdir().toPath()
    val channel = "${UUID.randomUUID()}"

    fun broker(vararg options: String) = Child.hawser("broker", *options)

    fun provide(at: String, command: String, vararg options: String) =
        Child.hawser("broker", "provide", at, channel, "--exec", command, *options)

    fun request(at: String, vararg options: String) = Child.hawser("broker", "request", at, channel, *options)

    fun Child.isRegistered(at: String) = line() shouldBe "registered $channel at $at"

    fun stats(at: String) = Child.hawser("broker", "stats", at).use {
        val end = it.end()
        end.errors shouldBe ""
        Json.parseToJsonElement(end.lines.single()).jsonObject
    }

    suspend fun String.appears(): String {
        eventually(60.seconds) { Path.of(this@appears).readText() shouldEndWith "\n" }
        return Path.of(this).readText().trim()
    }

    fun isAlive(pid: String) = ProcessHandle.of(pid.toLong()).map { it.isAlive }.orElse(false)

    "what is asked is the input of a command, and what that prints is the answer, of any length" {
        broker("--on", "127.0.0.1:0").use { broker ->
            val endpoint = "tcp://127.0.0.1:${broker.port()}"
            provide(endpoint, "tr a-z A-Z").use { provider ->
                provider.isRegistered(endpoint)
                request(endpoint).use {
                    it.say("hello\nworld")
                    it.end() shouldBe Child.End(0, listOf("HELLO", "WORLD"), "")
                }
                val file = folder.resolve("long")
                Files.writeString(file, "abcdefg\n".repeat(1 shl 17))
                Child.shell("\"\$@\" | cksum", "broker", "request", endpoint, channel, "--file", "$file").use { asking ->
                    Child("sh", "-c", "tr a-z A-Z < '$file' | cksum").use { asking.end() shouldBe it.end() }
                }
                provider.signal("TERM")
                val end = provider.end()
                end.status shouldBe 0
                end.errors shouldBe "connecting (attempt 1)\nconnected to $endpoint\nstopped\n"
            }
            val stats = stats(endpoint)
            stats.getValue("providers").jsonPrimitive.int shouldBe 0
            stats.getValue("outcomes").jsonObject.getValue("completed").jsonPrimitive.int shouldBe 2
            broker.signal("TERM")
            broker.end() shouldBe Child.End(0, emptyList(), "")
        }
    }

    "an answer is passed on as it comes, while the question goes on" {
        val endpoint = "unix:$folder/conversation.sock"
        broker("--on", endpoint).use { broker ->
            broker.line() shouldBe "listening $endpoint"
            provide(endpoint, "cat").use { provider ->
                provider.isRegistered(endpoint)
                request(endpoint).use { asking ->
                    asking.type("one\n")
                    asking.line() shouldBe "one"
                    asking.type("two\n")
                    asking.line() shouldBe "two"
                    asking.say("three\n")
                    asking.end() shouldBe Child.End(0, listOf("three"), "")
                }
            }
        }
    }

    "what goes wrong is one line and status 1" {
        broker("--on", "127.0.0.1:0").use { broker ->
            val endpoint = "tcp://127.0.0.1:${broker.port()}"
            request(endpoint).use {
                it.say("")
                it.end() shouldBe Child.End(1, emptyList(), "hawser: nobody answers on $channel\n")
            }
            val failing = "read what; case \$what in" +
                " part) echo half; echo broken >&2; echo more >&2; exit 3;;" +
                " mute) exit 4;; esac; sleep 600"
            provide(endpoint, failing).use { provider ->
                provider.isRegistered(endpoint)
                request(endpoint).use {
                    it.say("part\n")
                    it.end() shouldBe Child.End(1, listOf("half"), "hawser: the provider of $channel failed with 3: broken\n")
                }
                request(endpoint).use {
                    it.say("mute\n")
                    it.end() shouldBe
                        Child.End(1, emptyList(), "hawser: the provider of $channel failed with 4: the command ended with status 4\n")
                }
                request(endpoint, "--timeout", "300ms").use {
                    it.say("slow\n")
                    it.end() shouldBe Child.End(1, emptyList(), "hawser: no answer on $channel within 300 ms\n")
                }
                request(endpoint, "--file", "$folder/nothing").use {
                    it.end() shouldBe Child.End(1, emptyList(), "hawser: $folder/nothing: NoSuchFileException\n")
                }
                request(endpoint, "--file", "$folder").use {
                    it.end() shouldBe Child.End(1, emptyList(), "hawser: $folder: not a regular file\n")
                }
                Child.shell("exec \"\$@\" <&-", "broker", "request", endpoint, channel).use {
                    it.end() shouldBe Child.End(1, emptyList(), "hawser: cannot read standard input: it is closed\n")
                }
            }
        }
        refusing { port ->
            val refused = "tcp://127.0.0.1:$port"
            val why = "hawser: cannot connect to $refused: Connection refused\n"
            request(refused).use { it.end() shouldBe Child.End(1, emptyList(), why) }
            Child.hawser("broker", "stats", refused).use { it.end() shouldBe Child.End(1, emptyList(), why) }
        }
    }

    "who answers as something else is no broker, in time" {
        ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { silent ->
            val endpoint = "tcp://127.0.0.1:${silent.localPort}"
            request(endpoint, "--connect-timeout", "1s").use {
                val end = it.end()
                end.status shouldBe 1
                end.errors.lines().size shouldBe 2
            }
        }
        Child.hawser("echo", "--on", "127.0.0.1:0").use { echo ->
            request("tcp://127.0.0.1:${echo.port()}").use {
                val end = it.end()
                end.status shouldBe 1
                end.errors.lines().size shouldBe 2
            }
        }
    }

    "a request that nobody waits for has its command killed, and what that has begun" {
        val (shell, child) = listOf("$folder/shell", "$folder/child")
        val endpoint = "unix:$folder/killed.sock"
        broker("--on", endpoint).use { broker ->
            broker.line() shouldBe "listening $endpoint"
            provide(
                endpoint,
                "echo \$\$ > $shell; sh -c 'echo \$\$ > $child; sleep 600; true'; echo too late > $folder/late",
            ).use { provider ->
                provider.isRegistered(endpoint)
                val pids = request(endpoint).use { listOf(shell.appears(), child.appears()) }
                eventually(60.seconds) { pids.filter(::isAlive) shouldBe emptyList() }
                Path.of("$folder/late").exists() shouldBe false
                provider.isAlive shouldBe true
            }
        }
    }

    "a signal lets what runs end, at the provider and at the broker" {
        val (begun, go) = listOf("$folder/begun", "$folder/go")
        val endpoint = "unix:$folder/drained.sock"
        val waits = "echo \$\$ >> $begun; until test -e $go; do sleep 0.05; done; echo done"
        broker("--on", endpoint, "--grace", "2m").use { broker ->
            broker.line() shouldBe "listening $endpoint"
            provide(endpoint, waits, "--concurrency", "2", "--grace", "2m").use { provider ->
                provider.isRegistered(endpoint)
                request(endpoint).use { asking ->
                    asking.say("")
                    begun.appears()
                    // Nothing new is given to who has heard a signal, or taken.
                    provider.signal("TERM")
                    eventually(60.seconds) {
                        request(endpoint, "--timeout", "1s").use { it.end().errors shouldBe "hawser: nobody answers on $channel\n" }
                    }
                    broker.signal("TERM")
                    eventually(60.seconds) { Child.hawser("broker", "stats", endpoint).use { it.end().status shouldBe 1 } }
                    Files.createFile(Path.of(go))
                    asking.end() shouldBe Child.End(0, listOf("done"), "")
                }
                provider.end().status shouldBe 0
                broker.end() shouldBe Child.End(0, emptyList(), "")
            }
        }
    }

    "a broker that is killed and started again has its providers back" {
        val endpoint = "unix:$folder/again.sock"
        val first = broker("--on", endpoint).apply { line() shouldBe "listening $endpoint" }
        provide(endpoint, "cat").use { provider ->
            first.use {
                provider.isRegistered(endpoint)
                request(endpoint).use { asking ->
                    asking.type("x")
                    eventually(60.seconds) {
                        val there = stats(endpoint).getValue("channels").jsonObject.getValue(channel).jsonObject
                        there.getValue("in_flight").jsonPrimitive.int shouldBe 1
                    }
                    first.signal("KILL")
                    val end = asking.end()
                    end.status shouldBe 1
                    end.errors shouldStartWith "hawser: the connection to the broker at $endpoint ended before the answer"
                }
            }
            broker("--on", endpoint).use { second ->
                second.line() shouldBe "listening $endpoint"
                provider.isRegistered(endpoint)
                request(endpoint).use {
                    it.say("again\n")
                    it.end() shouldBe Child.End(0, listOf("again"), "")
                }
            }
            provider.errorLine() shouldBe "connecting (attempt 1)"
            provider.errorLine() shouldBe "connected to $endpoint"
            provider.errorLine() shouldMatch "waiting .* because .*"
        }
    }

    "it goes over TLS, and an output that nobody reads is one line and status 1" {
        val certificates = TestCertificates.create("localhost").writeTo(folder.resolve("certificates"))
        broker(
            "--on",
            "tls://127.0.0.1:0",
            "--tls-cert",
            "$certificates/server.pem",
            "--tls-key",
            "$certificates/server.key",
        ).use { broker ->
            val endpoint = "tls://localhost:${broker.port()}"
            val trust = arrayOf("--ca", "$certificates/authority.pem")
            provide(endpoint, "yes", *trust).use { provider ->
                provider.isRegistered(endpoint)
                val line = "\"\$@\" < /dev/null | head -n 1; exit \${PIPESTATUS[0]}"
                Child.shell(line, "broker", "request", endpoint, channel, *trust).use {
                    it.end() shouldBe Child.End(1, listOf("y"), "hawser: cannot write to standard output: Broken pipe\n")
                }
                eventually(60.seconds) {
                    Child.hawser("broker", "stats", endpoint, *trust).use { it.end().lines.single() shouldContain "\"cancelled\":1" }
                }
            }
        }
    }
})
