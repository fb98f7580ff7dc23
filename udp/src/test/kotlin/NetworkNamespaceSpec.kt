package io.hawser.udp

import io.hawser.DatagramClientOptions
import io.hawser.SocketOptions
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Program
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlin.io.path.Path
import kotlin.io.path.readLines
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.opentest4j.TestAbortedException

/** A network that is slow, in a network namespace of a JVM of its own. */
class NetworkNamespaceSpec : StringSpec({
    extension(LeakCheck)

    "while the send buffer is full a send waits and a trySend says so, and nothing is lost" {
        // What leaves for 10.9.0.0/24 does so at 4 Mbit/s, and no neighbour is asked for.
        val network = """
            echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
            ip link set lo up
            ip link add d0 type veth peer name d1 && ip link set d1 up && ip link set d0 arp off up
            ip addr add 10.9.0.1/24 dev d0 && tc qdisc add dev d0 root tbf rate 4mbit burst 4kb limit 100mb
        """
        within(network, SlowNetwork) shouldBe "refused: true, sent: 200, left: 200"
    }
})

/** What [main] prints in a network made by [setup]. */
private suspend fun within(setup: String, main: Any): String = withTimeout(HANG) {
    listOf("ip", "tc").forEach(Program::require)
    val said = run("unshare", "-n", "true")
    if (said.isNotEmpty()) throw TestAbortedException("no network namespaces here: $said")
    run("unshare", "-n", "sh", "-c", "set -e\n${setup.trimIndent()}\nexec \"$0\" \"$@\"", *java(main)).trim()
}

/** Prints what became of 200 datagrams that would leave faster than they can. */
object SlowNetwork {
    @JvmStatic
    fun main(arguments: Array<String>): Unit = runBlocking {
        val options = DatagramClientOptions { socket = SocketOptions { sendBuffer = 8_192 } }
        Udp.client("10.9.0.7", 9, options).open().use { socket ->
            val before = left()
            var refused = false
            repeat(200) { round ->
                if (round % 2 == 0) {
                    socket.send(ByteArray(1_000))
                } else {
                    while (!socket.trySend(ByteArray(1_000))) {
                        refused = true
                        delay(1.milliseconds)
                    }
                }
            }
            while (left() < before + 200) delay(1.milliseconds)
            println("refused: $refused, sent: ${socket.bytesWritten / 1_000}, left: ${left() - before}")
        }
    }

    /** The second of the fields behind those of what came: `/proc/net/dev`. */
    private fun left(): Int = Path("/proc/net/dev").readLines().first { it.trim().startsWith("d0:") }
        .substringAfter(':').trim().split(Regex(" +"))[9].toInt()
}
