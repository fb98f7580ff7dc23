package io.hawser.config

import io.hawser.config.source.contents
import io.hawser.settings.SettingsApi
import java.nio.file.Path
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.BufferOverflow.DROP_OLDEST
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asSharedFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import org.slf4j.LoggerFactory

/**
 * Looks at the files of a [HawserConfig], those of secrets too, and has what changes in them count. It looks at what is in them, so it does
 * not matter whether they are written in place, replaced, or swapped behind a symbolic link. What has changed counts when it is the same
 * for a tenth of a second.
 *
 * Limits, timeouts, admission and TLS identities count at once for servers that were started from the configuration, or from one that
 * came after it. Whatever else has changed is named in [ConfigEvent.Reloaded.pending]. Files that are wrong change nothing,
 * and neither does code that fails when it is asked about them; the watch goes on.
 */
@OptIn(SettingsApi::class)
public class ConfigWatch internal constructor(
    first: HawserConfig,
    private val interval: Duration,
    /** Waits until who is about to write a file has got further with it. */
    private val pause: suspend () -> Unit = { delay(PAUSE) },
) : AutoCloseable {
    private val current = MutableStateFlow(first)
    private val happened = MutableSharedFlow<ConfigEvent>(extraBufferCapacity = CAPACITY, onBufferOverflow = DROP_OLDEST)
    private val looking = Mutex()
    private var job: Job? = null

    /** The files, with what was in them when they were last read. Guarded by [looking]. */
    private var seen: Map<Path, String> = first.seen

    init {
        require(interval.isPositive() && interval.isFinite()) { "interval is not a finite duration > 0: $interval" }
    }

    /** What counts. Hot; the last value stays. */
    public val config: StateFlow<HawserConfig> = current.asStateFlow()

    /** What became of changes. Hot and without replay; who is over 64 events behind loses the oldest. */
    public val events: Flow<ConfigEvent> = happened.asSharedFlow()

    internal fun launchIn(scope: CoroutineScope) {
        job = scope.launch(Dispatchers.IO + CoroutineName("watch $this")) {
            while (true) {
                delay(interval)
                check()
            }
        }
    }

    /**
     * Looks now, and returns what became of what has changed, or null if nothing has, or it goes on changing for seconds. Any number may
     * ask.
     */
    public suspend fun check(): ConfigEvent? = looking.withLock {
        withContext(Dispatchers.IO) {
            var found = seen.keys.contents()
            repeat(LOOKS) {
                if (found == seen) return@withContext null
                pause()
                val again = seen.keys.contents()
                if (again == found) reload(found)?.let { event -> return@withContext event }
                found = again
            }
            null
        }
    }

    /** Looks no more. Returns at once; idempotent. */
    override fun close() {
        job?.cancel()
    }

    override fun toString(): String = current.value.sources.files.joinToString()

    /** Null if what is read is not what was [found]. */
    private fun reload(found: Map<Path, String>): ConfigEvent? {
        val before = current.value
        val event = try {
            val after = HawserConfig.load(before.sources, before)
            if (after.seen differsFrom found) return null
            val event = before.sources.asFirst { Succession(before, after).event() }
            seen = after.seen
            current.value = after
            event
        } catch (e: InvalidConfiguration) {
            if (e.seen differsFrom found) return null
            rejected(e, found + e.seen)
        } catch (e: Throwable) {
            // Nothing here suspends: whatever it is, it is code's that is asked, and nobody's end.
            val problem = ConfigProblem.Failed(null, e, "what has changed cannot be read: $e")
            rejected(InvalidConfiguration(listOf(problem), found, e), found)
        }
        happened.tryEmit(event)
        return event
    }

    private fun rejected(cause: InvalidConfiguration, now: Map<Path, String>): ConfigEvent.Rejected {
        log.warn("what has changed is wrong, so nothing changes: {}", cause.message, cause.cause)
        seen = now
        return ConfigEvent.Rejected(cause)
    }

    private infix fun Map<Path, String>.differsFrom(found: Map<Path, String>): Boolean =
        found.any { (path, content) -> (this[path] ?: content) != content }

    internal companion object {
        val INTERVAL = 1.seconds
        private const val CAPACITY = 64
        private const val LOOKS = 50
        private val PAUSE = 100.milliseconds
        private val log = LoggerFactory.getLogger(ConfigWatch::class.java)
    }
}
