package io.hawser.config

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import java.nio.file.Files
import kotlin.io.path.writeText

private fun server(line: String, endpoint: String = "tcp://127.0.0.1:0") = "[server.api]\nendpoint = \"$endpoint\"\n$line"

private const val DURATION = "a duration such as 25s, 1m30s or 500ms, or none"
private const val ENDPOINT = "an endpoint such as tcp://127.0.0.1:9000, with a range of ports 9000-9100 or unix:/run/app.sock"

private const val OF_SERVERS =
    "accept-rate, accept-rate-per-host, admission, admission-classes, backlog, close-timeout, handshake-timeout, " +
        "idle-timeout, max-connections, max-connections-per-host, on-drain, read-rate, read-timeout, socket, tls, total-read-rate, " +
        "total-write-rate, when-full, write-rate, write-timeout"

/** What is wrong, and what is said about it, word by word. */
private val table = mapOf(
    "idel-timeout = \"25s\"" to "app.toml:3:1: server.api.idel-timeout = \"25s\" is unknown: did you mean idle-timeout?",
    "idle-timeout = \"25 parsecs\"" to "app.toml:3:1: server.api.idle-timeout = \"25 parsecs\" is not $DURATION",
    "idle-timeout = 25" to "app.toml:3:1: server.api.idle-timeout = 25 is not $DURATION",
    "idle-timeout = \"0s\"" to "app.toml:3:1: server.api.idle-timeout = \"0s\" is not $DURATION: it is not over zero",
    "idle-timeout = 1979-05-27" to "app.toml:3:1: server.api.idle-timeout = 1979-05-27 is not $DURATION",
    "max-connections = 0" to "app.toml:3:1: server.api.max-connections = 0 is not a number of at least 1, or none",
    "max-connections = 3_000_000_000" to "app.toml:3:1: server.api.max-connections = 3000000000 is not a number of at least 1, or none",
    "max-connections = \"many\"" to "app.toml:3:1: server.api.max-connections = \"many\" is not a number of at least 1, or none",
    "when-full = \"wait\"" to "app.toml:3:1: server.api.when-full = \"wait\" is not refuse or pause",
    "socket = 3" to "app.toml:3:1: server.api.socket = 3 is not a table",
    "socket.no-delay = \"yes\"" to "app.toml:3:1: server.api.socket.no-delay = \"yes\" is not true or false",
    "socket.receive-buffer = \"64 cats\"" to
        "app.toml:3:1: server.api.socket.receive-buffer = \"64 cats\" is not a size such as 64KiB or 1MB of at least 1, or system",
    "socket.keep-alive-idle = \"1s\"" to "app.toml:3:1: server.api.socket does not go: " +
        "keepAlive is off, but has timers: keepAliveIdle=1s, keepAliveInterval=null, keepAliveCount=null",
    "admission.allow = [\"10.0.0.1/8\"]" to
        "app.toml:3:1: server.api.admission.allow = [\"10.0.0.1/8\"] is not a list of blocks of addresses " +
        "such as 10.0.0.0/8: there are bits set behind the prefix of 8 bits: \"10.0.0.1/8\"",
    "mode = \"0660\"" to "app.toml:3:1: server.api.mode = \"0660\" does not go: it is of Unix sockets, and tcp://127.0.0.1:0 is none",
    "concurrency = 3" to
        "app.toml:3:1: server.api.concurrency = 3 does not go: it is of servers of datagrams, and tcp://127.0.0.1:0 carries streams",
    "tls.certificate = \"/nowhere.pem\"" to
        "app.toml:3:1: server.api.tls.certificate = \"/nowhere.pem\" does not go: certificate has no key",
    "tls.alpn = [\"h2\"]" to "app.toml:3:1: server.api.tls does not go: a server needs an identity: a certificate and its key",
    "tls.key-password = \"hunter2\"" to "app.toml:3:1: server.api.tls.key-password = ******** is not env:NAME or file:PATH, " +
        "where the secret is, or none: a secret does not stand in a file of settings itself",
    "tls.key-password = \"env:NOBODY\"" to "app.toml:3:1: server.api.tls.key-password = \"env:NOBODY\" is not env:NAME or file:PATH, " +
        "where the secret is, or none: there is no environment variable \"NOBODY\"",
    "tls = { certificate = \"/nowhere.pem\", key = \"/nowhere.key\" }" to
        "app.toml:3:9: server.api.tls.certificate = \"/nowhere.pem\" does not go: /nowhere.pem: there is no such file",
)

class BadFilesSpec : StringSpec({
    for ((line, said) in table) {
        line { problems(server(line)) shouldBe listOf(said) }
    }

    "impossible endpoints" {
        fun of(endpoint: String, line: String = "") = problems(server(line, endpoint)).single()
        of("tcp://127.0.0.1:9100-9000") shouldBe
            "app.toml:2:1: server.api.endpoint = \"tcp://127.0.0.1:9100-9000\" is not $ENDPOINT: the first port is over the last: 9100-9000"
        of("udp://127.0.0.1:9000-9100") shouldBe
            "app.toml:2:1: server.api.endpoint = \"udp://127.0.0.1:9000-9100\" is not $ENDPOINT: a range of ports is for streams"
        of("carrier-pigeon://roof:1") shouldStartWith
            "app.toml:2:1: server.api.endpoint = \"carrier-pigeon://roof:1\" is not $ENDPOINT: unknown scheme \"carrier-pigeon\""
        of("udp://127.0.0.1:0", "tls.enabled = true") shouldBe
            "app.toml:3:1: server.api.tls does not go: it is of servers of streams, and udp://127.0.0.1:0 carries datagrams"
        of("unix:@name", "mode = \"0660\"") shouldBe
            "app.toml:3:1: server.api.mode = \"0660\" does not go: it is of files, and no file stands for unix:@name"
        of("unix:/run/app.sock", "mode = \"0999\"") shouldStartWith
            "app.toml:3:1: server.api.mode = \"0999\" is not three octal digits such as \"0660\" or \"600\": digits from 0 to 7"
        of("tls://127.0.0.1:0") shouldBe "app.toml:1:1: server.api.tls is missing: tls://127.0.0.1:0 needs it"
        problems("[server.log]\nconcurrency = 0") shouldBe listOf(
            "app.toml:1:1: server.log.endpoint is missing: $ENDPOINT",
            "app.toml:2:1: server.log.concurrency = 0 is not a number of at least 1",
        )
        problems("[client.db]\nendpoint = \"tcp://db:1-2\"").single() shouldBe
            "app.toml:2:1: client.db.endpoint = \"tcp://db:1-2\" does not go: endpoint has a range of ports, and a client connects to one"
        problems("[server.api]\nbacklog = 3").single() shouldBe "app.toml:1:1: server.api.endpoint is missing: $ENDPOINT"
    }

    "what is no table, and whose words nobody knows" {
        problems("colour = 1") shouldBe listOf(
            "app.toml:1:1: colour is unknown: there are broker, client, consumer, consumer-pool, hub, hub-client, named-hubs, provider, server",
        )
        problems("server = 3") shouldBe listOf("app.toml:1:1: server = 3 is not a table of tables, each with a name")
        problems("[servers.api]\nendpoint = \"tcp://a:1\"") shouldBe listOf("app.toml:1:1: servers is unknown: did you mean server?")
        problems("[server]\nendpoint = \"tcp://127.0.0.1:0\"") shouldBe
            listOf("app.toml:2:1: server.endpoint belongs to no table: write it under a name, such as [server.main]")
        problems("[hub.x]\nserver = \"nowhere\"") shouldBe
            listOf(
                "app.toml:2:1: hub.x.server = \"nowhere\" does not go: server \"nowhere\" is not there: there is no table [server.nowhere]",
            )
        problems("[consumer.x]\nclient = \"db\"\n[client.db]\nendpoint = \"memory:db\"") shouldBe
            listOf("app.toml:1:1: consumer.x does not go: channel is missing: a UUID")
    }

    "broken TOML, what stands there twice, and files that are not there" {
        problems("[server.api]\nendpoint = \"tcp://127.0.0.1:0\"\nbacklog = 1\nbacklog = 2\nidle-timeout =\n") shouldContainExactly listOf(
            "app.toml:4:1: backlog previously defined at line 3, column 1",
            "app.toml:5:15: unexpected end of line, expected a value",
        )
        problems("[server.api]\nendpoint = tcp") shouldBe listOf("app.toml:2:12: unexpected 't', expected a value")
        val missing = file("").resolveSibling("missing.toml")
        val failure = runCatching { HawserConfig.load(missing) }.exceptionOrNull() as InvalidConfiguration
        failure.message shouldBe "1 problem in the configuration:\n  $missing:1:1: there is no such file"
    }

    "all problems are told at once, also where several files and the environment have them" {
        problems(
            """
            [server.api]
            endpoint = "tcp://127.0.0.1:0"
            backlog = 0
            idel-timeout = "1s"
            [server.web]
            endpoint = "tcp//"
            [client.db]
            endpoint = "tcp://db:5432"
            concurrency = 1
            """,
            mapOf("HAWSER_SERVER_API_READ_TIMEOUT" to "soon", "HAWSER_SERVER_API_READ_TIMEOU" to "1s"),
        ) shouldContainExactly listOf(
            "HAWSER_SERVER_API_READ_TIMEOU is unknown: did you mean HAWSER_SERVER_API_READ_TIMEOUT?",
            "app.toml:3:1: server.api.backlog = 0 is not a number of at least 1",
            "app.toml:4:1: server.api.idel-timeout = \"1s\" is unknown: did you mean idle-timeout?",
            "HAWSER_SERVER_API_READ_TIMEOUT: server.api.read-timeout = \"soon\" is not $DURATION",
            "app.toml:6:1: server.web.endpoint = \"tcp//\" is not $ENDPOINT: no port: \"tcp//\"",
            "app.toml:9:1: client.db.concurrency = 1 is unknown: there are attempt-delay, circuit-breaker, close-timeout, " +
                "connect-timeout, handshake-timeout, idle-timeout, pool, read-rate, read-timeout, reconnect, session, socket, tls, write-rate, write-timeout",
        )
    }

    "what may be a secret is in no message" {
        problems(
            """
            provider = [{ token = "hunter2" }]
            [server.api]
            endpoint = "tcp://127.0.0.1:0"
            key-password = "hunter2"
            tokn = "hunter2"
            wachtwoord = "hunter2"
            tls = "hunter2"
            socket = ["hunter2"]
            """,
        ) shouldContainExactly listOf(
            "app.toml:1:1: provider is not a table of tables, each with a name",
            "app.toml:4:1: server.api.key-password is unknown: there are $OF_SERVERS",
            "app.toml:5:1: server.api.tokn is unknown: there are $OF_SERVERS",
            "app.toml:6:1: server.api.wachtwoord is unknown: there are $OF_SERVERS",
            "app.toml:7:1: server.api.tls is not a table",
            "app.toml:8:1: server.api.socket is not a table",
        )
    }

    "a secret is in a regular file that is small, and is not empty" {
        val folder = Files.createTempDirectory("hawser-config")
        val empty = folder.resolve("empty").also { it.writeText("") }
        val long = folder.resolve("long").also { it.writeText("x".repeat(70_000)) }
        fun of(place: String) = problems(server("tls.key-password = \"$place\""), mapOf("EMPTY" to "")).single()
            .substringAfter("where the secret is, or none: ")
        of("file:/dev/zero") shouldBe "/dev/zero cannot be read: it is no regular file"
        of("file:$long") shouldBe "$long cannot be read: it has more than 65536 bytes"
        of("file:$empty") shouldBe "it is empty"
        of("env:EMPTY") shouldBe "it is empty"
        of("file:\\u0000") shouldBe "Nul character not allowed"
    }

    "a file may begin with a byte order mark, and one that is broken is not told to contradict itself" {
        problems("\uFEFF[server.api]\nendpoint = \"tcp://127.0.0.1:0\"") shouldBe emptyList()
        problems(server("tls.certificate = \"a\"\ntls.key =")) shouldBe
            listOf("app.toml:4:10: unexpected end of line, expected a value")
    }

    "what is of other tables, and what code says of none, needs no module" {
        problems("[server.x]\nendpoint = \"tcp://127.0.0.1:0\"\nbind-to = \"/tmp/x\"\n[hub.x]\nmode = \"0660\"") shouldContainExactly
            listOf(
                "app.toml:3:1: server.x.bind-to is unknown here: it is of [client.x]",
                "app.toml:5:1: hub.x.mode is unknown here: it is of [server.x] and [client.x]",
            )
        problems(server("")) { server("appi") { it.backlog = 1 } } shouldBe listOf("code: server.appi is unknown: did you mean api?")
        problems(server("")) { datagramServer("api") { it.concurrency = 1 } } shouldBe listOf(
            "code: server.api does not go: code changes it as one of servers of datagrams, and tcp://127.0.0.1:0 carries streams",
        )
    }

    "a problem says where, what and what is allowed, in fields too" {
        val path = file(server("max-connections = 0"))
        val failure = runCatching { HawserConfig.load(path) }.exceptionOrNull() as InvalidConfiguration
        val problem = failure.problems.single() as ConfigProblem.BadValue
        problem.origin.run { this as Origin.File }.run { listOf(path, line, column) } shouldBe listOf(path, 3, 1)
        listOf(problem.key, problem.value, problem.allowed, problem.isOfWrongType) shouldBe
            listOf("server.api.max-connections", "0", "a number of at least 1, or none", false)
    }
})
