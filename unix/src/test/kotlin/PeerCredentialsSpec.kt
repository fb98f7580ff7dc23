package io.hawser.unix

import io.hawser.Admission
import io.hawser.Attributes
import io.hawser.Candidate
import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.event.Refusal
import io.hawser.event.ServerEvent
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.InetSocketAddress
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermissions
import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first

/** Who the peers of Unix streams are. */
class PeerCredentialsSpec : StringSpec({
    extension(LeakCheck)
    timeout = 120_000
    beforeSpec { AfUnixLoops.group(Endpoint.Local(Unix.SCHEME, newName())) }

    val self = Path.of("/proc/self")
    val uid = (stat(self, "uid") as Int).toLong()
    val gid = (stat(self, "gid") as Int).toLong()
    val say = "s=connect(); print(s.recv(100).decode().strip())"

    fun openFolder(): Path {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"))
        return newFolder().also { Files.setPosixFilePermissions(it, PosixFilePermissions.fromString("rwxr-xr-x")) }
    }

    "both sides of a path know each other's user and group" {
        serving(handler = { it.writeLine("${it.peerCredentials}") }) { server ->
            Unix.client("${server.address}").connect { connection ->
                connection.readLine() shouldBe "uid $uid, gid $gid"
                connection.peerCredentials shouldBe PeerCredentials(uid, gid)
                connection.attributes[PeerCredentials.attribute] shouldBe PeerCredentials(uid, gid, pid = null)
            }
        }
    }

    "with an abstract name they know the process too" {
        val own = ProcessHandle.current().pid()
        val name = newName()
        coroutineScope {
            Unix.server(name).start(this) { it.writeLine("${it.peerCredentials}") }.use {
                Unix.client(name).connect { connection ->
                    connection.readLine() shouldBe "uid $uid, gid $gid, pid $own"
                    connection.peerCredentials shouldBe PeerCredentials(uid, gid, own)
                }
                Peer.python(name, "path='\\0'+path[1:]\n$say").use { it.finish() shouldBe ("uid $uid, gid $gid, pid ${it.pid}\n" to 0) }
            }
        }
    }

    "another user is known by his number, whether it has a name or not" {
        requireRoot()
        val path = openFolder().resolve("s")
        serving(path, { it.writeLine("${it.peerCredentials}") }, file = SocketFile { permissions("rw-rw-rw-") }) {
            for (number in listOf("1", "65534", "65533", "3000000000", "4294967294")) {
                val wrapper = arrayOf("setpriv", "--reuid=$number", "--regid=$number", "--clear-groups")
                Peer.python(path, say, *wrapper).use { it.finish() shouldBe ("uid $number, gid $number\n" to 0) }
            }
        }
    }

    "who is not among those admitted never meets the handler" {
        requireRoot()
        val path = openFolder().resolve("s")
        val served = AtomicInteger()
        val rule = peerUid(uid)
        "$rule" shouldBe "peer uid $uid"
        serving(
            path,
            {
                served.incrementAndGet()
                it.writeLine("in")
            },
            ServerOptions { admission = rule },
            SocketFile { permissions("rw-rw-rw-") },
        ) { server ->
            val refused = async(start = UNDISPATCHED) { server.events.first { it is ServerEvent.Refused } as ServerEvent.Refused }
            Peer.python(path, say, *asAnother).use { it.finish() shouldBe ("\n" to 0) }
            refused.await().reason.shouldBeInstanceOf<Refusal.NotAdmitted>().cause shouldBe null
            served.get() shouldBe 0
            Peer.python(path, say).use { it.finish() shouldBe ("in\n" to 0) }
            served.get() shouldBe 1
        }
    }

    "rules can be combined, and refuse those without credentials" {
        fun candidate(attributes: Attributes) = Candidate(InetSocketAddress(1), InetSocketAddress(2), attributes)
        val rule: Admission = peerUid(0, 1000) and Admission { it[PeerCredentials.attribute]?.gid == 5L }
        rule.admits(candidate(PeerCredentials(1000, 5).asAttributes())) shouldBe true
        rule.admits(candidate(PeerCredentials(1000, 6).asAttributes())) shouldBe false
        rule.admits(candidate(PeerCredentials(1001, 5).asAttributes())) shouldBe false
        rule.admits(candidate(Attributes.none)) shouldBe false
    }

    "who has none says so" {
        val (near, far) = Memory.pair()
        shouldThrow<IllegalStateException> { near.peerCredentials }.message shouldEndWith "does not know the credentials of its peer"
        near.close()
        far.close()
        serving { server ->
            val connection = Unix.client("${server.address}").connect()
            connection.close()
            connection.awaitClosed()
            shouldThrow<IllegalStateException> { connection.peerCredentials }
            val asked = Unix.client("${server.address}").connect()
            asked.peerCredentials.uid shouldBe uid
            asked.close()
            asked.peerCredentials.uid shouldBe uid
        }
    }
})
