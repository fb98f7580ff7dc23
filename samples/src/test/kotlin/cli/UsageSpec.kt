package io.hawser.samples.cli

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import java.nio.file.Files

private const val ECHO = "usage: hawser echo [-hV] [--stats] [--verbose] [--grace=D] [--idle-timeout=D] [--loops=N] " +
    "[--max-connections=N] [--metrics=ENDPOINT] [--monitor=ENDPOINT] --on=ENDPOINT [--tls-cert=FILE] [--tls-client-ca=FILE] " +
    "[--tls-key=FILE] [--allow=CIDR]..."
private const val RELAY = "usage: hawser relay [-hV] [--stats] [--verbose] [--connect-timeout=D] [--grace=D] [--idle-timeout=D] " +
    "[--loops=N] [--max-connections=N] [--metrics=ENDPOINT] [--monitor=ENDPOINT] --on=ENDPOINT [--tls-cert=FILE] " +
    "[--tls-client-ca=FILE] [--tls-key=FILE] --to=ENDPOINT [--allow=CIDR]... [--ca=FILE | --insecure-for-testing]"
private const val CONNECT = "usage: hawser connect [-hV] [--reconnect] [--verbose] [--block=N] [--connect-timeout=D] [--idle-timeout=D] " +
    "[--tls-cert=FILE] [--tls-key=FILE] [--ca=FILE | --insecure-for-testing] ENDPOINT"
private const val HUB = "usage: hawser hub serve [-hV] [--no-client-send] [--stats] [--verbose] [--backlog=N] --event=E [--grace=D] " +
    "[--idle-timeout=D] [--loops=N] [--max-clients=N] [--max-connections=N] [--metrics=ENDPOINT] [--monitor=ENDPOINT] " +
    "--on=ENDPOINT [--replay=N] [--tls-cert=FILE] [--tls-client-ca=FILE] [--tls-key=FILE] [--when-slow=POLICY] [--allow=CIDR]..."
private const val LISTEN = "usage: hawser hub listen [-hV] [--verbose] [--connect-timeout=D] [--count=N] --event=E [--tls-cert=FILE] " +
    "[--tls-key=FILE] [--ca=FILE | --insecure-for-testing] ENDPOINT"
private const val SEND = "usage: hawser hub send [-hV] [--verbose] [--connect-timeout=D] --event=E [--tls-cert=FILE] [--tls-key=FILE] " +
    "[--ca=FILE | --insecure-for-testing] ENDPOINT [TEXT]"
private const val BROKER = "usage: hawser broker serve [-hV] [--stats] [--verbose] [--grace=D] [--idle-timeout=D] [--loops=N] " +
    "[--max-connections=N] [--metrics=ENDPOINT] [--monitor=ENDPOINT] --on=ENDPOINT [--tls-cert=FILE] [--tls-client-ca=FILE] " +
    "[--tls-key=FILE] [--allow=CIDR]..."
private const val PROVIDE = "usage: hawser broker provide [-hV] [--verbose] [--concurrency=N] [--connect-timeout=D] --exec=COMMAND " +
    "[--grace=D] [--tls-cert=FILE] [--tls-key=FILE] [--ca=FILE | --insecure-for-testing] ENDPOINT CHANNEL"
private const val REQUEST = "usage: hawser broker request [-hV] [--verbose] [--connect-timeout=D] [--file=F] [--timeout=D] " +
    "[--tls-cert=FILE] [--tls-key=FILE] [--ca=FILE | --insecure-for-testing] ENDPOINT CHANNEL"
private const val STATS = "usage: hawser broker stats [-hV] [--verbose] [--connect-timeout=D] [--tls-cert=FILE] [--tls-key=FILE] " +
    "[--ca=FILE | --insecure-for-testing] ENDPOINT"
private const val TOP = "usage: hawser top [-hV] [--once] [--verbose] [--connect-timeout=D] [--tls-cert=FILE] [--tls-key=FILE] " +
    "[--ca=FILE | --insecure-for-testing] ENDPOINT"
private const val HEALTH = "usage: hawser health [-hV] [--verbose] [--timeout=D] [--tls-cert=FILE] [--tls-key=FILE] " +
    "[--ca=FILE | --insecure-for-testing] ENDPOINT"
private const val CHANNEL = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
private const val BLOCKS = "allowed: blocks and addresses, such as 10.0.0.0/8, 2001:db8::/32 or 127.0.0.1"
private const val NO_LITERAL = "is not an IPv4 or IPv6 address"
private const val DEMO = "usage: hawser demo [-hV] [--json] [--verbose] [--file=F] [--on=ENDPOINT]..."
private const val ENDPOINTS = "allowed: 127.0.0.1:9002, tls://*:9443, udp://*:0, unix:/run/app.sock, unixgram:@log and the like"
private const val PEERS = "allowed: db.example:5432, tls://db.example:443, udp://localhost:53, unix:/run/app.sock, unixgram:/dev/log " +
    "and the like"

class UsageSpec : StringSpec({
    listOf(
        "" to "Missing command (commands: demo, connect, echo, relay, hub, broker, top, health, help, generate-completion)",
        "nope" to
            "Unmatched argument at index 0: 'nope' (commands: demo, connect, echo, relay, hub, broker, top, health, help, generate-completion)",
        "help nope" to
            "Unknown subcommand 'nope'. (commands: demo, connect, echo, relay, hub, broker, top, health, help, generate-completion)",
        "demo extra" to "Unmatched argument at index 1: 'extra' ($DEMO)",
        "demo --on :0,nowhere" to "Invalid value for option '--on' (ENDPOINT): no port: \"nowhere\" ($ENDPOINTS)",
        "demo --jsn" to "Unknown option: '--jsn' ($DEMO)",
        "demo --file" to "Missing required parameter for option '--file' (F) ($DEMO)",
        "echo" to "Missing required option: '--on=ENDPOINT' ($ECHO)",
        "echo --onn=:0" to "Unknown option: '--onn=:0' ($ECHO)",
        "echo --on nowhere" to "Invalid value for option '--on': no port: \"nowhere\" ($ENDPOINTS)",
        "echo --on a:b" to "Invalid value for option '--on': port \"b\" is not a number: \"a:b\" ($ENDPOINTS)",
        "echo --on x://a:1" to "Invalid value for option '--on': unknown scheme \"x\" " +
            "(known: tcp, tcp4, tcp6, udp, udp4, udp6, tls, unix, unixgram, memory): \"x://a:1\" ($ENDPOINTS)",
        "echo --on tls://a:1" to "a server on tls://a:1 needs a certificate: add --tls-cert FILE --tls-key FILE ($ECHO)",
        "relay --on tls://a:1 --to b:2" to "a server on tls://a:1 needs a certificate: add --tls-cert FILE --tls-key FILE ($RELAY)",
        "echo --on tls://a:1 --tls-cert c" to "--tls-cert and --tls-key go together, and there is only --tls-cert ($ECHO)",
        "connect tls://a:1 --tls-key k" to "--tls-cert and --tls-key go together, and there is only --tls-key ($CONNECT)",
        "echo --on a:1 --tls-cert c --tls-key k" to "--tls-cert is about TLS, and there is none on tcp://a:1 ($ECHO)",
        "echo --on udp://a:1 --tls-key k" to "--tls-key is about TLS, and there is none on udp://a:1 ($ECHO)",
        "echo --on a:1 --tls-client-ca c" to "--tls-client-ca is about TLS, and there is none on tcp://a:1 ($ECHO)",
        "relay --on a:1 --to b:2 --ca c" to "--ca is about TLS, and there is none on tcp://b:2 ($RELAY)",
        "connect a:1 --ca c" to "--ca is about TLS, and there is none on tcp://a:1 ($CONNECT)",
        "connect a:1 --insecure-for-testing" to "--insecure-for-testing is about TLS, and there is none on tcp://a:1 ($CONNECT)",
        "connect unix:/a --tls-cert c --tls-key k" to "--tls-cert is about TLS, and there is none on unix:/a ($CONNECT)",
        "connect tls://a:1 --ca c --insecure-for-testing" to
            "--ca=FILE, --insecure-for-testing are mutually exclusive (specify only one) ($CONNECT)",
        "connect tls://a:1 --tls-cert c --tls-key k --insecure-for-testing" to
            "--tls-cert is not for whoever answers: leave out --insecure-for-testing ($CONNECT)",
        "connect tls://a" to "Invalid value for positional parameter at index 0 (ENDPOINT): no port: \"tls://a\" ($PEERS)",
        "echo --on udp://:0 --idle-timeout 1s" to "--idle-timeout is about connections, and there are none to udp://*:0 ($ECHO)",
        "echo --on udp://:0 --max-connections 1" to "--max-connections is about connections, and there are none to udp://*:0 ($ECHO)",
        "relay --on udp://:0 --to a:1" to "a relay passes connections on, and there are none to udp://*:0 ($RELAY)",
        "relay --on :0 --to udp://a:1" to "a relay passes connections on, and there are none to udp://a:1 ($RELAY)",
        "connect udp://a:1 --idle-timeout 1s" to "--idle-timeout is about connections, and there are none to udp://a:1 ($CONNECT)",
        "connect udp://a:1 --reconnect" to "--reconnect is about connections, and there are none to udp://a:1 ($CONNECT)",
        "connect --reconnect unixgram:/a" to "--reconnect is about connections, and there are none to unixgram:/a ($CONNECT)",
        "connect --reconnect" to "Missing required parameter: 'ENDPOINT' ($CONNECT)",
        "connect --reconnect a:0" to
            "Invalid value for positional parameter at index 0 (ENDPOINT): a client needs a port: \"tcp://a:0\" ($PEERS)",
        "connect a:1 --block 9" to "--block is about datagrams, and there are none to tcp://a:1 ($CONNECT)",
        "connect udp://a:1 --block 0" to "Invalid value for option '--block': \"0\" is not a number from 1 to 65507",
        "echo --on :0 --metrics udp://:1" to "--metrics is served over connections, and there are none to udp://*:1 ($ECHO)",
        "echo --on :0 --metrics tls://:1" to "--metrics is served in plain HTTP, without TLS as on tls://*:1 ($ECHO)",
        "relay --on :0" to "Missing required option: '--to=ENDPOINT' ($RELAY)",
        "relay --on :0 --to :1" to "Invalid value for option '--to': a client needs a host: \"tcp://*:1\" ($PEERS)",
        "connect" to "Missing required parameter: 'ENDPOINT' ($CONNECT)",
        "connect a:1 b:2" to "Unmatched argument at index 2: 'b:2' ($CONNECT)",
        "connect a:0" to "Invalid value for positional parameter at index 0 (ENDPOINT): a client needs a port: \"tcp://a:0\" ($PEERS)",
        "echo --on :0 --loops 0" to "Invalid value for option '--loops': \"0\" is not a number from 1 to 1024",
        "echo --on :0 --loops two" to "Invalid value for option '--loops': \"two\" is not a number from 1 to 1024",
        "echo --on :0 --grace 5" to "Invalid value for option '--grace': \"5\" is not a duration such as 500ms, 5s or 1m",
        "echo --on :0 --grace -1s" to "Invalid value for option '--grace': \"-1s\" is not a duration such as 500ms, 5s or 1m",
        "echo --on :0 --max-connections 0" to
            "Invalid value for option '--max-connections': \"0\" is not a number from 1 to 2147483647",
        "echo --on :0 --max-connections -1" to
            "Invalid value for option '--max-connections': \"-1\" is not a number from 1 to 2147483647",
        "echo --on :0 --idle-timeout 0s" to
            "Invalid value for option '--idle-timeout': \"0s\" is not a duration over zero, such as 500ms, 5s or 1m",
        "echo --on :0 --idle-timeout 5" to "Invalid value for option '--idle-timeout': \"5\" is not a duration such as 500ms, 5s or 1m",
        "echo --on :0 --allow localhost" to "Invalid value for option '--allow' (CIDR): \"localhost\" $NO_LITERAL: \"localhost\" ($BLOCKS)",
        "echo --on :0 --allow 10.0.0.0/8,10.0.0.0/33" to
            "Invalid value for option '--allow' (CIDR): a prefix of 33 bits is not in 0..32: \"10.0.0.0/33\" ($BLOCKS)",
        "echo --on :0 --allow ::1 --allow 10.0.0.1/8" to
            "Invalid value for option '--allow' (CIDR): there are bits set behind the prefix of 8 bits: \"10.0.0.1/8\" ($BLOCKS)",
        "echo --on :0 --allow= " to "Invalid value for option '--allow' (CIDR): \"\" $NO_LITERAL: \"\" ($BLOCKS)",
        "hub" to "Missing required options: '--on=ENDPOINT', '--event=E' ($HUB)",
        "hub --on :0" to "Missing required option: '--event=E' ($HUB)",
        "hub serve --on :0" to "Missing required option: '--event=E' ($HUB)",
        "hub --verbose --on :0" to "Missing required option: '--event=E' ($HUB)",
        "hub lisen a:1" to "Unmatched arguments from index 1: 'lisen', 'a:1' (commands: serve, listen, send, help)",
        "hub --on :0 --event a.b" to
            "Invalid value for option '--event': the name of an event has \".\" at 1, which is none of A-Z, a-z, 0-9, _ and -: \"a.b\"",
        "hub --on :0 --event e --when-slow wait" to
            "Invalid value for option '--when-slow': \"wait\" is none of drop-oldest, drop-newest, disconnect, suspend",
        "hub --on :0 --event e --backlog -1" to "Invalid value for option '--backlog': \"-1\" is not a number from 0 to 2147483647",
        "hub --on :0 --event e --max-clients 0" to
            "Invalid value for option '--max-clients': \"0\" is not a number from 1 to 2147483647",
        "hub --on udp://:0 --event e" to "a hub speaks over connections, and there are none to udp://*:0 ($HUB)",
        "hub --on tls://a:1 --event e" to "a server on tls://a:1 needs a certificate: add --tls-cert FILE --tls-key FILE ($HUB)",
        "hub listen --event e" to "Missing required parameter: 'ENDPOINT' ($LISTEN)",
        "hub listen a:1" to "Missing required option: '--event=E' ($LISTEN)",
        "hub listen a:1 --event e --count 0" to "Invalid value for option '--count': \"0\" is not a number from 1 to 2147483647",
        "hub listen unixgram:/a --event e" to "a hub speaks over connections, and there are none to unixgram:/a ($LISTEN)",
        "hub listen a:1 --event e --ca c" to "--ca is about TLS, and there is none on tcp://a:1 ($LISTEN)",
        "hub send a:1 x" to "Missing required option: '--event=E' ($SEND)",
        "hub send udp://a:1 --event e" to "a hub speaks over connections, and there are none to udp://a:1 ($SEND)",
        "hub send a:1 --event e x y" to "Unmatched argument at index 6: 'y' ($SEND)",
        "broker" to "Missing required option: '--on=ENDPOINT' ($BROKER)",
        "broker serve" to "Missing required option: '--on=ENDPOINT' ($BROKER)",
        "broker --on udp://:0" to "a broker speaks over connections, and there are none to udp://*:0 ($BROKER)",
        "broker privide a:1" to "Unmatched arguments from index 1: 'privide', 'a:1' (commands: serve, provide, request, stats, help)",
        "broker provide a:1 $CHANNEL" to "Missing required option: '--exec=COMMAND' ($PROVIDE)",
        "broker provide a:1 --exec cat" to "Missing required parameter: 'CHANNEL' ($PROVIDE)",
        "broker provide a:1 $CHANNEL --exec cat --concurrency 0" to
            "Invalid value for option '--concurrency': \"0\" is not a number from 1 to 1024",
        "broker request a:1 1-2-3-4-5" to "Invalid value for positional parameter at index 1 (CHANNEL): \"1-2-3-4-5\" is not a UUID, " +
            "such as $CHANNEL",
        "broker request nowhere $CHANNEL" to
            "Invalid value for positional parameter at index 0 (ENDPOINT): no port: \"nowhere\" ($PEERS)",
        "broker request udp://a:1 $CHANNEL" to "a broker speaks over connections, and there are none to udp://a:1 ($REQUEST)",
        "broker request a:1 $CHANNEL --timeout 0s" to
            "Invalid value for option '--timeout': \"0s\" is not a duration over zero, such as 500ms, 5s or 1m",
        "broker stats" to "Missing required parameter: 'ENDPOINT' ($STATS)",
        "broker stats a:1 --ca c" to "--ca is about TLS, and there is none on tcp://a:1 ($STATS)",
        "echo --on a:1 --monitor a:1" to "--monitor needs an endpoint of its own: tcp://a:1 ($ECHO)",
        "echo --on unix:/a --monitor /a" to "--monitor needs an endpoint of its own: unix:/a ($ECHO)",
        "hub --on a:1 --event e --monitor tls://a:1 --tls-cert c --tls-key k" to "--monitor needs an endpoint of its own: tls://a:1 ($HUB)",
        "broker --on a:1 --monitor udp://b:2" to "--monitor is for those who connect, and nobody can to udp://b:2 ($BROKER)",
        "relay --on a:1 --to b:2 --monitor tls://c:3" to
            "a server on tls://c:3 needs a certificate: add --tls-cert FILE --tls-key FILE ($RELAY)",
        "echo --on :0 --monitor nowhere" to "Invalid value for option '--monitor': no port: \"nowhere\" ($ENDPOINTS)",
        "top" to "Missing required parameter: 'ENDPOINT' ($TOP)",
        "top udp://a:1" to "a monitor speaks over connections, and there are none to udp://a:1 ($TOP)",
        "top a:1 --ca c" to "--ca is about TLS, and there is none on tcp://a:1 ($TOP)",
        "health" to "Missing required parameter: 'ENDPOINT' ($HEALTH)",
        "health a:1 --timeout 0s" to
            "Invalid value for option '--timeout': \"0s\" is not a duration over zero, such as 500ms, 5s or 1m",
        "health udp://a:1 --insecure-for-testing" to "--insecure-for-testing is about TLS, and there is none on udp://a:1 ($HEALTH)",
        "echo --on :0 --on :1" to "option '--on' (ENDPOINT) should be specified only once ($ECHO)",
    ).forEach { (line, complaint) ->
        "wrong usage is one line and status 2: hawser $line" {
            invoke(*line.split(' ').filter { it.isNotEmpty() }.toTypedArray()) shouldBe Invocation(2, "", "hawser: $complaint\n")
        }
    }

    "a line break in an argument breaks no line" {
        invoke("no\nsuch\r\ncommand").err shouldBe
            "hawser: Unmatched argument at index 0: 'no such command' (commands: demo, connect, echo, relay, hub, broker, top, health, help, generate-completion)\n"
    }

    "help teaches each command with an example" {
        for (command in listOf("demo", "connect", "echo", "relay", "hub", "broker", "top", "health")) {
            val help = invoke("help", command)
            help.status shouldBe 0
            help.out shouldContain "java -jar hawser.jar $command "
            invoke(command, "--help") shouldBe help
        }
        for (command in listOf("serve", "listen", "send")) {
            val help = invoke("hub", "help", command)
            help.out shouldContain "java -jar hawser.jar hub $command "
            invoke("hub", command, "--help") shouldBe help
        }
        for (command in listOf("serve", "provide", "request", "stats")) {
            val help = invoke("broker", "help", command)
            help.out shouldContain "java -jar hawser.jar broker $command "
            invoke("broker", command, "--help") shouldBe help
        }
        invoke("--help").out shouldContain "java -jar hawser.jar echo --on 127.0.0.1:9002"
        invoke("help") shouldBe invoke("--help")
    }

    "help teaches what the options of echo take, and how the numbers look" {
        val help = invoke("help", "echo").out
        for (option in listOf(
            "--max-connections=N",
            "--idle-timeout=D",
            "--allow=CIDR",
            "--stats",
            "--tls-cert=FILE",
            "--tls-client-ca=FILE",
        )) {
            help shouldContain
                option
        }
        help shouldContain "stats connections=3 accepted=40 refused=2 in=8192 out=8192\n    accepted/s=4 refused/s=0 in/s=1024 out/s=1024\n"
    }

    "help says what becomes of input that nobody is there for" {
        val help = invoke("help", "connect").out.replace(Regex("""\s+"""), " ")
        help shouldContain "what comes of it meanwhile waits for the next connection"
        help shouldContain "connect --reconnect logs.example:9002"
    }

    "help fits a terminal of 80 columns" {
        val commands = listOf("demo", "connect", "echo", "relay", "hub", "broker", "top", "health").map { invoke("help", it) }
        val ofHub = listOf("serve", "listen", "send").map { invoke("hub", "help", it) }
        val ofBroker = listOf("serve", "provide", "request", "stats").map { invoke("broker", "help", it) }
        for (help in commands + ofHub + ofBroker + invoke("help")) {
            help.out.lines().filter { it.length > 80 } shouldBe emptyList()
        }
    }

    "the version is told by every command, also where there is no jar to have one" {
        invoke("--version") shouldBe Invocation(0, "hawser (not packaged)\n", "")
        invoke("demo", "--version") shouldBe invoke("--version")
        invoke("echo", "-V") shouldBe invoke("--version")
    }

    "a shell can learn to complete it" {
        val script = invoke("generate-completion")
        script.status shouldBe 0
        for (word in listOf(
            "_complete_hawser",
            "relay",
            "--max-connections",
            "--tls-cert",
            "--insecure-for-testing",
            "--when-slow",
            "--monitor",
        )) {
            script.out shouldContain
                word
        }
    }

    "a failure is one line and status 1" {
        val nothing = Files.createTempDirectory("hawser").resolve("nothing")
        invoke("demo", "--file", "$nothing") shouldBe Invocation(1, "", "hawser: cannot stream $nothing: there is no such file\n")
    }

    "verbose shows where it failed, before or behind the command" {
        for (line in listOf(listOf("--verbose", "demo"), listOf("demo", "--verbose"))) {
            val failed = invoke(*line.toTypedArray(), "--file", "/")
            failed.status shouldBe 1
            failed.err shouldStartWith "io.hawser.samples.demo.FileUnusable: "
            failed.err shouldContain "\tat io.hawser.samples"
            failed.err.trimEnd().lines().last() shouldBe "hawser: cannot stream /: it is a directory"
        }
        invoke("demo", "--file", "/").err shouldNotContain "\tat "
    }
})
