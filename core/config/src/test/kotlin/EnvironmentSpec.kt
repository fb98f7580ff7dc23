package io.hawser.config

import io.hawser.broker.Broker
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import java.nio.file.Files
import kotlin.io.path.writeText
import kotlin.time.Duration.Companion.seconds

class EnvironmentSpec : StringSpec({
    val file = "[server.my-api]\nendpoint = \"tcp://127.0.0.1:0\"\n[server.\"v1.2\"]\nendpoint = \"tcp://127.0.0.1:0\""

    "names with dashes and dots are written with lines" {
        val config = config(
            file,
            mapOf(
                "HAWSER_SERVER_MY_API_IDLE_TIMEOUT" to "5s",
                "HAWSER_SERVER_V1_2_SOCKET_NO_DELAY" to "false",
                "HAWSER_SERVER_V1_2_BACKLOG" to "7",
                "HAWSER_SERVER_V1_2_ADMISSION_ALLOW" to "10.0.0.0/8, 127.0.0.1",
                "HAWSER_HOME" to "/opt",
                "PATH" to "/bin",
            ),
        )
        config.server("my-api").options.idleTimeout shouldBe 5.seconds
        config.server("v1.2").options.run { listOf(socket.noDelay, backlog) } shouldBe listOf(false, 7)
        config.values[listOf("server", "v1.2", "admission", "allow")] shouldBe "[\"10.0.0.0/8\", \"127.0.0.1\"]"
    }

    "an endpoint is enough for a table that no file has, and tcp is one word away from unix" {
        val config = config("", mapOf("HAWSER_SERVER_MY_WEB_ENDPOINT" to "unix:/tmp/web.sock", "HAWSER_SERVER_MY_WEB_MODE" to "0660"))
        "${config.server("my-web").endpoint}" shouldBe "unix:/tmp/web.sock"
        val switched = config(file, mapOf("HAWSER_SERVER_MY_API_ENDPOINT" to "unix:/tmp/api.sock"))
        "${switched.server("my-api").endpoint}" shouldBe "unix:/tmp/api.sock"
    }

    "what could mean two things means none" {
        val said = problems(
            "[server.a-b]\nendpoint = \"tcp://127.0.0.1:0\"\n[server.a_b]\nendpoint = \"tcp://127.0.0.1:0\"",
            mapOf("HAWSER_SERVER_A_B_BACKLOG" to "1"),
        )
        said shouldContainExactly
            listOf("HAWSER_SERVER_A_B_BACKLOG can mean server.a-b.backlog or server.a_b.backlog: rename one of the tables")
    }

    "a variable of no setting is refused" {
        problems(file, mapOf("HAWSER_SERVER_MY_API_IDEL_TIMEOUT" to "5s", "HAWSER_SERVER_OTHER_BACKLOG" to "5")) shouldContainExactly
            listOf(
                "HAWSER_SERVER_MY_API_IDEL_TIMEOUT is unknown: did you mean HAWSER_SERVER_MY_API_IDLE_TIMEOUT?",
                "HAWSER_SERVER_OTHER_BACKLOG is unknown: did you mean HAWSER_SERVER_V1_2_BACKLOG?",
            )
    }

    "what an orchestrator tells of services, and what some env: names, is no setting" {
        val config = config(
            "[broker.main]\nserver = \"my-api\"\n[client.db]\nendpoint = \"memory:db\"\n[provider.db]\n" +
                "token = \"env:HAWSER_PROVIDER_TOKEN\"\n" +
                "channel = \"6ba7b810-9dad-11d1-80b4-00c04fd430c8\"\n$file",
            mapOf(
                "HAWSER_BROKER_SERVICE_HOST" to "10.0.0.1",
                "HAWSER_BROKER_SERVICE_PORT" to "7000",
                "HAWSER_BROKER_SERVICE_PORT_MAIN" to "7000",
                "HAWSER_BROKER_PORT" to "tcp://10.0.0.1:7000",
                "HAWSER_BROKER_PORT_7000_TCP" to "tcp://10.0.0.1:7000",
                "HAWSER_BROKER_PORT_7000_TCP_ADDR" to "10.0.0.1",
                "HAWSER_PROVIDER_TOKEN" to "secret",
                "HAWSER_BROKER_MAIN_MAX_IN_FLIGHT" to "7",
            ),
        )
        config.get<Broker>("main").options.maxInFlight shouldBe 7
        problems(file, mapOf("HAWSER_BROKER_PORT" to "7000")) shouldContainExactly
            listOf("HAWSER_BROKER_PORT is unknown: no setting is called so")
    }

    "the user's folder is that of the environment that is given" {
        val path = file("[server.api]\nendpoint = \"tcp://127.0.0.1:0\"\nbacklog = 1")
        val home = Files.createTempDirectory("hawser-config")
        Files.createDirectories(home.resolve("hawser")).resolve("app.toml").writeText("server.api.backlog = 2\n")
        HawserConfig.load(path) { environment(mapOf("XDG_CONFIG_HOME" to "$home")) }.server("api").options.backlog shouldBe 2
    }

    "code sets by key what the environment can" {
        val config = config(file, mapOf("HAWSER_SERVER_MY_API_BACKLOG" to "5")) {
            set("server.my-api.backlog", "9")
            set("server.\"v1.2\".when-full", "pause")
        }
        config.server("my-api").options.backlog shouldBe 9
        problems(file) { set("server.my-api.backlog", "many") } shouldContainExactly
            listOf("code: server.my-api.backlog = \"many\" is not a number of at least 1")
    }
})
