package io.hawser.tcp

import io.hawser.BindFailed
import io.hawser.ClientOptions
import io.hawser.ConnectFailed
import io.hawser.ConnectTimeout
import io.hawser.Hawser
import io.hawser.ServerOptions
import io.hawser.SocketOptions
import io.hawser.UnsupportedTransport
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Program
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.StandardProtocolFamily.INET
import java.net.StandardProtocolFamily.INET6
import java.nio.file.Files
import kotlin.io.path.deleteExisting
import kotlin.io.path.writeText
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import org.opentest4j.TestAbortedException

/** Networks that are not there, in a network namespace of a JVM of its own. */
class NetworkNamespaceSpec : StringSpec({
    extension(LeakCheck)

    // Whoever connects into 10.9.0.0/24 hears nothing, because no neighbour is asked for and the far end takes no frame.
    val network = """
        ip link add d0 type veth peer name d1 && ip link set d1 up && ip link set d0 arp off up
        ip addr add 10.9.0.1/24 dev d0 && ip route add unreachable 10.8.0.0/24
        echo 1024 >/proc/sys/net/ipv4/ip_unprivileged_port_start
    """

    "connects that nobody answers end in time or when they are cancelled, and leave nothing" {
        within(network, "SilentNetwork") shouldBe """
            200 timed out, sockets left: 0
            200 cancelled, sockets left: 0
        """.trimIndent()
    }

    "what the system says of a connect or a bind has its own reason" {
        within(network, "Reasons", "setpriv --bounding-set -net_bind_service --inh-caps -net_bind_service") shouldBe """
            HostUnreachable: cannot connect to tcp://10.8.0.1:80: No route to host
            NetworkUnreachable: cannot connect to tcp://192.0.2.1:80: Network is unreachable
            AddressNotAvailable: cannot listen on tcp://10.99.0.1:0: Cannot assign requested address
            NotPermitted: cannot listen on tcp://127.0.0.1:80: Permission denied
        """.trimIndent()
    }

    "a name whose first address is dead leads to its next" {
        within(network, "DeadFirstAddress") shouldBe "127.0.0.1"
    }

    "without IPv6, IPv4 works, and what asks for IPv6 is told" {
        within("$network\necho 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6", "WithoutIpv6") shouldBe """
            *: echo
            tcp4: echo
            AddressNotAvailable: cannot connect to tcp://[::1]:80: this machine has no IPv6
            AddressNotAvailable: cannot listen on tcp://[::1]:0: this machine has no IPv6
            unsupported: tcp6://*:0 is not supported on this platform: IPv6 not available
            unsupported: tcp6://[::1]:80 is not supported on this platform: IPv6 not available
        """.trimIndent()
    }
})

/** Runs [main] of this file in a network made by [setup], and returns what it prints. */
private suspend fun within(setup: String, main: String, wrapper: String = ""): String = withTimeout(HANG) {
    listOf("ip", "unshare", "setpriv").forEach(Program::require)
    Program.start("unshare", "-n", "true").use { peer ->
        val (said, status) = peer.finish()
        if (status != 0) throw TestAbortedException("no network namespaces here: $said")
    }
    val script = "set -e\nip link set lo up\n${setup.trimIndent()}\nexec $wrapper \"$0\" \"$@\""
    child("io.hawser.tcp.$main", listOf("unshare", "-n", "sh", "-c", script)).use { it.finish() }.let { (output, status) ->
        check(status == 0) { "it ended with $status: $output" }
        output.trim()
    }
}

private suspend fun say(block: suspend () -> Any) {
    val said = try {
        block()
    } catch (e: ConnectFailed) {
        "${e.reason}: ${e.message}"
    } catch (e: BindFailed) {
        "${e.reason}: ${e.message}"
    } catch (e: UnsupportedTransport) {
        "unsupported: ${e.message.orEmpty().replace(e.platform, "this platform")}"
    }
    println(said)
}

private suspend fun CoroutineScope.listen(host: String, port: Int, options: ServerOptions = ServerOptions()): Nothing {
    val server = Tcp.server(host, port, options).start(this, echo)
    server.close()
    error("listened on ${server.endpoint}")
}

/** Prints what is left after 200 connects that time out, and 200 that are cancelled. */
object SilentNetwork {
    @JvmStatic
    fun main(arguments: Array<String>) = runBlocking {
        serving { Tcp.client("127.0.0.1", it.port).connect().close() }
        val before = sockets()
        withContext(Dispatchers.Default) {
            val outcomes = List(200) { async { runCatching { client(500.milliseconds).connect() }.exceptionOrNull() } }.awaitAll()
            println("${outcomes.count { it is ConnectTimeout }} timed out, sockets left: ${sockets() - before}")
            val connecting = List(200) { launch { client(Duration.INFINITE).connect() } }
            while (sockets() < before + 200) delay(1.milliseconds)
            connecting.forEach { it.cancelAndJoin() }
            println("${connecting.count { it.isCancelled }} cancelled, sockets left: ${sockets() - before}")
        }
    }

    private fun client(patience: Duration) = Tcp.client("10.9.0.7", 80, ClientOptions { connectTimeout = patience })
}

/** Prints the failures of connects and binds. */
object Reasons {
    @JvmStatic
    fun main(arguments: Array<String>) = runBlocking {
        say { Tcp.client("10.8.0.1", 80).connect() }
        say { Tcp.client("192.0.2.1", 80).connect() }
        say { listen("10.99.0.1", 0) }
        say { listen("127.0.0.1", 80) }
    }
}

/** Prints whom it reaches by a name whose first address is dead. */
object DeadFirstAddress {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val hosts = Files.createTempFile("hawser", ".hosts")
        hosts.writeText("10.9.0.7 dual.test\n127.0.0.1 dual.test\n127.0.0.1 localhost\n")
        System.setProperty("jdk.net.hosts.file", "$hosts")
        check(InetAddress.getByName("dual.test").hostAddress == "10.9.0.7")
        runBlocking {
            serving { server ->
                Tcp.client("dual.test", server.port).connect().use { println((it.remote as InetSocketAddress).address.hostAddress) }
            }
        }
        hosts.deleteExisting()
    }
}

/** Prints what works, and what does not, where there is no IPv6. */
object WithoutIpv6 {
    @JvmStatic
    fun main(arguments: Array<String>) = runBlocking {
        val four = SocketOptions { family = INET }
        val six = SocketOptions { family = INET6 }
        for ((name, options) in listOf("*" to SocketOptions(), "tcp4" to four)) {
            serving(options = ServerOptions { socket = options }, host = "*") { server ->
                Tcp.client("127.0.0.1", server.port, ClientOptions { socket = options }).connect { connection ->
                    connection.writeLine("echo")
                    println("$name: ${connection.readLine()}")
                }
            }
        }
        say { Tcp.client("::1", 80).connect() }
        say { listen("::1", 0) }
        say { listen("*", 0, ServerOptions { socket = six }) }
        say { Hawser.streamClient("tcp6://[::1]:80").connect() }
    }
}
