package io.hawser.tls

import ch.qos.logback.classic.Level
import ch.qos.logback.classic.Logger
import io.hawser.tls.TlsIdentityEvent.ReloadFailed
import io.hawser.tls.TlsIdentityEvent.Reloaded
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.util.concurrent.LinkedBlockingQueue
import kotlin.coroutines.CoroutineContext
import kotlin.io.path.copyTo
import kotlin.io.path.deleteExisting
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import org.slf4j.LoggerFactory

class WatchedIdentitySpec : StringSpec({
    val files = OpenSsl()
    val certificate = files.file("certificate")
    val key = files.file("key")

    fun put(name: String) {
        files.file(name).copyTo(certificate, overwrite = true)
        files.file("$name.key").copyTo(key, overwrite = true)
    }

    beforeSpec {
        // One of the listeners here throws.
        (LoggerFactory.getLogger(WatchedIdentity::class.java) as Logger).level = Level.OFF
        files.fresh("a")
        files.fresh("b")
        files.write("password", "secret")
        files.run("pkcs8", "-topk8", "-in", "b.key", "-out", "b.encrypted", "-passout", "file:password")
    }
    beforeTest { put("a") }

    /** On a clock and a disk of the test's, whose reads are the tasks in [reads]. */
    class Watch(password: CharArray? = null, listener: TlsIdentityListener? = null) {
        val told = LinkedBlockingQueue<TlsIdentityEvent>()
        val reads = ArrayDeque<Runnable>()

        @Volatile
        var now: Duration = Duration.ZERO
        private val disk = object : CoroutineDispatcher() {
            override fun dispatch(context: CoroutineContext, block: Runnable) {
                reads += block
            }
        }

        val identity = WatchedIdentity(
            certificate,
            key,
            password,
            1.seconds,
            listener ?: TlsIdentityListener(told::add),
            disk,
            // Close to where it overflows.
            { Long.MAX_VALUE - 1_500_000_000 + now.inWholeNanoseconds },
        )

        fun name(): String = identity.current().chain.single().subjectX500Principal.name

        /** Whom a handshake after [pause] meets. */
        suspend fun after(pause: Duration): String {
            now += pause
            return withContext(Dispatchers.Unconfined) {
                val handshake = async(start = UNDISPATCHED) { identity.refreshed() }
                reads.removeFirstOrNull()?.run()
                handshake.await() shouldBeSameInstanceAs identity.current()
                name()
            }
        }

        suspend fun event(): TlsIdentityEvent = withContext(Dispatchers.IO) { told.take() }
    }

    "a new certificate is read by the handshake that begins an interval later" {
        val watch = Watch()
        watch.after(0.seconds) shouldBe "CN=a"
        put("b")
        watch.after(999.milliseconds) shouldBe "CN=a"
        watch.after(1.milliseconds) shouldBe "CN=b"
        val own = watch.identity.current().chain.single()
        watch.event() shouldBe Reloaded(certificate, own.notAfter.toInstant(), own.serialNumber)
        put("a")
        watch.after(1.seconds) shouldBe "CN=a"
        watch.event().shouldBeInstanceOf<Reloaded>()
        watch.told.size shouldBe 0
    }

    "files that are the same are not loaded again" {
        val watch = Watch()
        val material = watch.identity.current()
        put("a")
        watch.after(1.seconds)
        watch.identity.current() shouldBeSameInstanceAs material
    }

    "what is of no use changes nothing, and is told once" {
        val watch = Watch()
        files.file("b").copyTo(certificate, overwrite = true)
        repeat(3) { watch.after(1.seconds) shouldBe "CN=a" }
        val failure = watch.event().shouldBeInstanceOf<ReloadFailed>()
        failure.file shouldBe key
        failure.cause.message shouldBe "$key: the private key is not that of the certificate of CN=b"
        key.deleteExisting()
        repeat(3) { watch.after(1.seconds) shouldBe "CN=a" }
        watch.event().shouldBeInstanceOf<ReloadFailed>().cause.message shouldBe "$key: there is no such file"
        files.write("certificate", files.text("b").dropLast(100))
        files.file("b.key").copyTo(key)
        watch.after(1.seconds) shouldBe "CN=a"
        watch.event().shouldBeInstanceOf<ReloadFailed>().cause.message shouldBe "$certificate: its block CERTIFICATE has no end"
        put("b")
        watch.after(1.seconds) shouldBe "CN=b"
        watch.event().shouldBeInstanceOf<Reloaded>()
        watch.told.size shouldBe 0
    }

    "a fault that comes back is told again" {
        val watch = Watch()
        repeat(2) {
            key.deleteExisting()
            watch.after(1.seconds)
            watch.event().shouldBeInstanceOf<ReloadFailed>()
            put("a")
            watch.after(1.seconds)
        }
        watch.told.size shouldBe 0
    }

    "one handshake reads, and the others go on" {
        val watch = Watch()
        put("b")
        watch.now += 1.seconds
        val first = async(start = UNDISPATCHED) { watch.identity.refreshed() }
        watch.identity.refreshed() shouldBeSameInstanceAs watch.identity.current()
        watch.now += 10.seconds
        watch.identity.refreshed() shouldBeSameInstanceAs watch.identity.current()
        watch.name() shouldBe "CN=a"
        watch.reads.size shouldBe 1
        first.isCompleted shouldBe false
        watch.reads.removeFirst().run()
        first.await().chain.single().subjectX500Principal.name shouldBe "CN=b"
    }

    "nobody goes on with what has not been looked at for long" {
        val watch = Watch()
        put("b")
        watch.now += 2.seconds
        val handshakes = List(3) { async(start = UNDISPATCHED) { watch.identity.refreshed() } }
        watch.reads.size shouldBe 1
        watch.reads.removeFirst().run()
        for (handshake in handshakes) handshake.await().chain.single().subjectX500Principal.name shouldBe "CN=b"
    }

    "cancelling the handshake that reads returns at once, and takes the read from nobody" {
        val watch = Watch()
        put("b")
        watch.now += 2.seconds
        val first = async(start = UNDISPATCHED) { watch.identity.refreshed() }
        val second = async(start = UNDISPATCHED) { watch.identity.refreshed() }
        first.cancelAndJoin()
        watch.reads.removeFirst().run()
        second.await().chain.single().subjectX500Principal.name shouldBe "CN=b"
    }

    "its password is a copy" {
        files.file("b").copyTo(certificate, overwrite = true)
        files.file("b.encrypted").copyTo(key, overwrite = true)
        val password = "secret".toCharArray()
        val watch = Watch(password)
        password.fill('x')
        put("a")
        watch.after(1.seconds) shouldBe "CN=a"
        files.file("b").copyTo(certificate, overwrite = true)
        files.file("b.encrypted").copyTo(key, overwrite = true)
        watch.after(1.seconds) shouldBe "CN=b"
    }

    "who collects is told, whatever a listener throws" {
        val watch = Watch { error("thrown on purpose") }
        for (name in listOf("b", "a")) {
            val event = async(start = UNDISPATCHED) { watch.identity.events.first() }
            put(name)
            watch.after(1.seconds) shouldBe "CN=$name"
            event.await().shouldBeInstanceOf<Reloaded>()
        }
    }

    "a collector that blocks holds up no handshake" {
        val watch = Watch()
        val gate = LinkedBlockingQueue<Unit>()
        val collecting = launch(Dispatchers.Unconfined) { watch.identity.events.collect { gate.take() } }
        for (name in listOf("b", "a", "b")) {
            put(name)
            watch.after(1.seconds) shouldBe "CN=$name"
        }
        repeat(3) { gate.add(Unit) }
        collecting.cancelAndJoin()
    }

    "the disk and the clock are the system's, and an interval may be zero" {
        val identities = listOf(
            TlsIdentity.watching(certificate, key, interval = Duration.ZERO),
            TlsIdentity.watching(certificate, key, null, java.time.Duration.ZERO),
        )
        for (identity in identities) {
            put("a")
            identity.refreshed()
            val old = identity.current()
            put("b")
            identity.refreshed() shouldNotBe old
            identity.current().chain.single().subjectX500Principal.name shouldBe "CN=b"
            identity.toString() shouldBe "TlsIdentity.watching($certificate, $key)"
        }
        TlsIdentity.watching(certificate, key) { }.refreshed().chain.size shouldBe 1
        shouldThrow<InvalidTlsConfiguration> {
            TlsIdentity.watching(certificate, key, interval = (-1).seconds)
        }.message shouldBe "interval < 0: -1s"
    }

    "what cannot work at the beginning is refused" {
        key.deleteExisting()
        shouldThrow<InvalidTlsConfiguration> { TlsIdentity.watching(certificate, key) }.message shouldBe "$key: there is no such file"
    }
})
