package io.hawser.tls

import io.hawser.engine.disk
import io.hawser.tls.TlsIdentityEvent.ReloadFailed
import io.hawser.tls.TlsIdentityEvent.Reloaded
import io.hawser.transport.TransportApi
import java.nio.file.Path
import java.security.MessageDigest
import java.util.HexFormat
import java.util.concurrent.atomic.AtomicReference
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.asExecutor
import kotlinx.coroutines.channels.BufferOverflow.DROP_OLDEST
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.asSharedFlow
import org.slf4j.LoggerFactory

/** Has no thread and no timer: the handshakes that come look after it. [nanoTime] is a clock as [System.nanoTime] is one. */
@OptIn(TransportApi::class)
internal class WatchedIdentity(
    private val certificate: Path,
    private val key: Path,
    password: CharArray?,
    interval: Duration,
    private val onEvent: TlsIdentityListener?,
    private val reader: CoroutineDispatcher = disk,
    private val nanoTime: () -> Long = System::nanoTime,
) : TlsIdentity() {
    private val password = password?.clone()
    private val interval = interval.inWholeNanoseconds
    private val reading = AtomicReference<Reading?>()

    /** When the comparison began whose result [material] is. Like that only written by the one [Reading] there is at a time. */
    @Volatile
    private var compared: Long

    @Volatile
    private var material: Material

    /** The digest of the files that [material] came from. Only for a [Reading], like [told]. */
    private var loaded: String

    /** What the last failure was about, until it is mended. */
    private var told: String? = null

    private val changes = MutableSharedFlow<TlsIdentityEvent>(extraBufferCapacity = CAPACITY, onBufferOverflow = DROP_OLDEST)

    // Apart from each other and from the disk, because listeners may block, and collectors without a dispatcher too.
    private val emitting = Dispatchers.IO.limitedParallelism(1).asExecutor()
    private val telling = Dispatchers.IO.limitedParallelism(1).asExecutor()

    override val events: Flow<TlsIdentityEvent> = changes.asSharedFlow()

    init {
        if (interval.isNegative()) throw InvalidTlsConfiguration("interval < 0: $interval")
        compared = nanoTime()
        val found = Found()
        material = found.load()
        loaded = found.digest
    }

    override fun current(): Material = material

    override suspend fun refreshed(): Material {
        val now = nanoTime()
        if (now - compared < interval) return material
        val mine = Reading(now)
        val other = reading.compareAndExchange(null, mine)
        if (other == null) {
            reader.dispatch(EmptyCoroutineContext, mine)
            mine.join()
        } else if ((other.began - compared) / 2 >= interval) {
            other.join()
        }
        return material
    }

    override fun toString(): String = "TlsIdentity.watching($certificate, $key)"

    /** One at a time, and no caller's: cancelling one takes it from nobody else. */
    private inner class Reading(val began: Long) : Runnable {
        private val done = Job()

        suspend fun join() = done.join()

        override fun run() {
            try {
                // Another one may have ended after this one's caller looked at the time.
                if (began - compared >= interval) compareAt(began)
            } finally {
                reading.set(null)
                done.complete()
            }
        }
    }

    private fun compareAt(time: Long) {
        var about: String? = null
        try {
            val found = Found()
            about = found.digest
            if (about != loaded) {
                val new = found.load()
                loaded = about
                material = new
                tell(new.chain.first().let { Reloaded(certificate, it.notAfter.toInstant(), it.serialNumber) })
            }
            told = null
        } catch (e: InvalidTlsConfiguration) {
            if (told != (about ?: e.words)) tell(ReloadFailed(e))
            told = about ?: e.words
        } finally {
            compared = time
        }
    }

    private fun tell(event: TlsIdentityEvent) {
        emitting.execute { changes.tryEmit(event) }
        if (onEvent == null) return
        telling.execute {
            try {
                onEvent.onEvent(event)
            } catch (e: Throwable) {
                log.error("identity listener {} failed at {}", onEvent, event, e)
            }
        }
    }

    private inner class Found {
        private val certificates = contentOf(certificate)
        private val privateKey = contentOf(key)

        val digest: String = MessageDigest.getInstance("SHA-256").run {
            update(certificates.size.toString().encodeToByteArray())
            update(certificates)
            update(privateKey)
            HexFormat.of().formatHex(digest())
        }

        fun load(): Material =
            checkedMaterial(certificates(certificates, certificate), privateKey(privateKey, key, password), certificate, key)
    }

    private companion object {
        const val CAPACITY = 16
        val log = LoggerFactory.getLogger(WatchedIdentity::class.java)
    }
}
