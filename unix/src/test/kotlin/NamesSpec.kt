package io.hawser.unix

import io.hawser.Endpoint
import io.hawser.Hawser
import io.hawser.testkit.LeakCheck
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.net.UnixDomainSocketAddress
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.deleteExisting
import kotlinx.coroutines.coroutineScope

/** What Unix sockets are called. */
class NamesSpec : StringSpec({
    extension(LeakCheck)
    timeout = 120_000
    beforeSpec { AfUnixLoops.group(Endpoint.Local(Unix.SCHEME, newName())) }

    "a path of 107 bytes works, in a folder whose own is nearly as long" {
        val deep = folder.resolve("d".repeat(104 - "$folder/".length))
        Files.createDirectory(deep)
        val path = deep.resolve("ss")
        "$path".length shouldBe 107
        serving(path) { server ->
            server.address shouldBe UnixDomainSocketAddress.of(path)
            answers(path) shouldBe true
            deep.content shouldBe listOf("ss")
        }
        deep.content shouldBe emptyList()
        deep.deleteExisting()
    }

    "longer ones are refused with their number of bytes, before there is any socket" {
        for (size in listOf(108, 120)) {
            val long = "/" + "a".repeat(size - 1)
            for (open in listOf<(String) -> Any>({ Unix.server(it) }, { Unix.client(Path.of(it)) })) {
                shouldThrow<IllegalArgumentException> { open(long) }.message shouldBe
                    "the path has $size bytes, over the limit of 107: \"unix:$long\""
            }
        }
        val umlauts = "/" + "ü".repeat(54)
        shouldThrow<IllegalArgumentException> { Unix.server(umlauts) }.message shouldBe
            "the path has 109 bytes, over the limit of 107: \"unix:$umlauts\""
        val name = "@" + "a".repeat(108)
        shouldThrow<IllegalArgumentException> { Unix.client(name) }.message shouldBe
            "the name has 108 bytes, over the limit of 107: \"unix:$name\""
    }

    "empty names, and those with a NUL in them, are refused" {
        shouldThrow<IllegalArgumentException> { Unix.server(Path.of("")) }.message shouldBe "no path: \"\""
        shouldThrow<IllegalArgumentException> { Unix.client("") }.message shouldBe "no path: \"\""
        shouldThrow<IllegalArgumentException> { Unix.client("@") }.message shouldBe "no name: \"unix:@\""
        shouldThrow<IllegalArgumentException> { Unix.server("/a\u0000b") }.message shouldBe "the path has a NUL in it: \"unix:/a\u0000b\""
        shouldThrow<IllegalArgumentException> { Unix.server("@a\u0000b") }.message shouldBe "the name has a NUL in it: \"unix:@a\u0000b\""
        shouldThrow<IllegalArgumentException> { AbstractAddress("") }.message shouldBe
            "an abstract name of 0 bytes is not one of 1..107: \"\""
    }

    "a path that begins as an abstract name does is a path" {
        Unix.server(Path.of("@name")).endpoint shouldBe Endpoint.parse("unix:./@name")
        Unix.client("./@name").endpoint shouldBe Endpoint.parse("unix:./@name")
        Unix.client("@name").endpoint shouldBe Endpoint.parse("@name")
    }

    "a relative path is one" {
        val relative = Path.of("").toAbsolutePath().relativize(newPath())
        if ("$relative".length <= 107) {
            serving(relative) { server ->
                server.endpoint shouldBe Endpoint.of("unix", UnixDomainSocketAddress.of(relative))
                answers(relative) shouldBe true
            }
        }
        Files.exists(relative) shouldBe false
        val plain = Path.of("hawser-${ProcessHandle.current().pid()}.sock")
        serving(plain) { answers(plain) shouldBe true }
        Files.exists(plain) shouldBe false
    }

    "both kinds are found by the names of endpoints" {
        for (name in listOf("unix:${newPath()}", "${newPath()}", newName())) {
            coroutineScope {
                Hawser.streamServer(name).start(this, echo).use { server ->
                    server.endpoint shouldBe Endpoint.parse(name)
                    Hawser.streamClient(server.endpoint).connect { connection ->
                        connection.endpoint shouldBe server.endpoint
                        connection.writeLine("hello")
                        connection.readLine() shouldBe "hello"
                    }
                }
            }
        }
        shouldThrow<IllegalArgumentException> { Hawser.streamServer("unixgram:/x") }.message shouldBe
            "unixgram carries datagrams and no stream: \"unixgram:/x\""
        shouldThrow<IllegalStateException> { serving { it.port } }.message!!.substringAfterLast("has") shouldBe " no port"
    }

    "who has no name is shown so, on both sides" {
        serving(handler = { connection ->
            connection.writeLine("${connection.remote}|${connection.endpoint}|${connection.local}")
        }) { server ->
            Unix.client((server.endpoint as Endpoint.Local).name).connect { connection ->
                connection.readLine() shouldBe "|unix:|${server.address}"
                connection.local shouldBe UnixDomainSocketAddress.of("")
                connection.remote shouldBe server.address
                connection.toString() shouldBe "connection ${connection.id} to ${server.endpoint}"
            }
        }
    }

    "peers with names of their own have them, and those that no endpoint can have count as none" {
        val named = newPath()
        val own = mapOf(
            "'$named'" to "unix:$named",
            "b'\\0abstract'" to "unix:",
        )
        serving(handler = { it.writeLine("${it.endpoint}") }) { server ->
            for ((name, seen) in own) {
                val program = "s=socket.socket(socket.AF_UNIX); s.bind($name); s.connect(path); print(s.recv(200).decode().strip())"
                Peer.python(server.address, program).use { it.finish() shouldBe ("$seen\n" to 0) }
            }
        }
        coroutineScope {
            val name = newName()
            Unix.server(name).start(this) { it.writeLine("${it.endpoint}") }.use {
                for ((bound, seen) in listOf("b'\\0peer-$name'" to "unix:@peer-$name", "b'\\0a\\0\\n'" to "unix:@a..")) {
                    val program = "s=socket.socket(socket.AF_UNIX); s.bind($bound)\n" +
                        "s.connect(b'\\0'+path[1:].encode()); print(s.recv(200).decode().strip())"
                    Peer.python(name, program).use { it.finish() shouldBe ("$seen\n" to 0) }
                }
            }
        }
    }
})
