package io.hawser.testkit

import io.hawser.copyTo
import io.hawser.event.ConnectionEvent
import io.hawser.event.DatagramEvent
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.annotation.Isolate
import io.kotest.core.spec.SpecRef
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.TestEngineLauncher
import io.kotest.engine.listener.CollectingTestEngineListener
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.file.Files
import java.nio.file.Path
import kotlin.reflect.KClass
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope

@Isolate
class ServerExtensionSpec : StringSpec({
    val spec = this
    val echo = extension(ServerExtension(Memory.server()) { it.copyTo(it) })
    val answers = extension(DatagramServerExtension(MemoryDatagram.server()) { reply(it.bytes) })

    "a server of connections and one of datagrams run side by side" {
        echo.client.connect { connection ->
            connection.writeLine("hello")
            connection shouldReceiveLine "hello"
        }
        echo.events.first<ConnectionEvent.Closed>(within = 30.seconds)
        answers.client.open { socket ->
            socket.send("hello".encodeToByteArray())
            socket shouldReceive "hello"
        }
        answers.events.first<DatagramEvent.Received>(within = 30.seconds) { it.bytes == 5 }
    }

    "each test finds its own events only" {
        echo.events.all shouldBe emptyList()
        answers.events.all shouldBe emptyList()
    }

    "the server is the same for all tests of a spec, and gone with it" {
        val result = running(SharingTests::class)
        result.errors shouldBe false
        result.names shouldBe listOf("starts", "goes on")
        shouldThrow<IllegalStateException> { serversSeen.single().server }
    }

    "a folder of its own goes with the server" {
        var folder: Path? = null
        val hosted = ServerExtension({ path ->
            folder = path
            Files.createFile(path.resolve("something"))
            Memory.server()
        }) { }
        hosted.intercept(spec) { Files.exists(checkNotNull(folder)) shouldBe true }
        Files.exists(checkNotNull(folder)) shouldBe false
    }

    "a connection or a socket that stays open fails its test, and no other" {
        val result = running(LeakingTests::class)
        result.result("leaves a connection open")?.errorOrNull?.message shouldContain "1 connections of the server on memory:"
        result.result("leaves a socket open")?.errorOrNull?.message shouldContain "socket:["
        result.result("leaves nothing")?.isSuccess shouldBe true
    }

    "what a handler asserts in vain fails the test, and its other failures do not" {
        val result = running(AssertingTests::class)
        result.result("is answered in vain")?.errorOrNull?.message shouldContain "expected:<right> but was:<wrong>"
        result.result("is answered in vain elsewhere")?.errorOrNull?.message shouldContain "expected:<right> but was:<wrong>"
        result.result("fails")?.isSuccess shouldBe true
    }

    "what a handler of datagrams launches and asserts in vain fails the test that sent them, and so does one that does not end" {
        val result = running(AssertingDatagrams::class)
        result.result("is handled in vain when it has ended")?.errorOrNull?.message shouldContain "expected:<right> but was:<not right>"
        result.result("is innocent")?.isSuccess shouldBe true
        result.result("is handled without an end")?.errorOrNull?.message shouldContain "1 datagrams of the server on memory:"
    }

    "a server that cannot start fails the spec" {
        coroutineScope {
            Memory.server(name = "taken").start(this) { }.use {
                val result = running(NeverStarted::class)
                result.errors shouldBe true
                result.tests.values.any { it.isSuccess } shouldBe false
            }
        }
    }

    "what is left behind outside of the tests fails the spec" {
        val result = running(LeakingOutside::class)
        result.errors shouldBe true
        result.result("is innocent")?.isSuccess shouldBe true
    }
})

/** What comes of [spec], and nothing else of it. */
private suspend fun running(spec: KClass<out StringSpec>): CollectingTestEngineListener {
    val listener = CollectingTestEngineListener()
    try {
        Impatience.begin().use {
            TestEngineLauncher().withListener(listener).withSpecRefs(SpecRef.Reference(spec)).withoutEnvFilters().execute()
        }
    } finally {
        leftBehind.forEach(AutoCloseable::close)
        leftBehind.clear()
    }
    return listener
}
