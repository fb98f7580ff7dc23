package io.hawser.testkit

import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds

/** For tests of leaks that stay: until it is closed, nothing is waited for as long as in others' tests, and by nobody in this process: who uses it runs alone. */
object Impatience {
    /** Where something stays and something else has to go. */
    @JvmStatic
    fun begin(): AutoCloseable = begin(1_500.milliseconds, LeakCheck.restAttempts)

    /** Where something has to go, and what is busy stays so. */
    @JvmStatic
    fun withoutRest(): AutoCloseable = begin(1_500.milliseconds, restAttempts = 2)

    /** Where nothing goes and nothing comes to rest, however long it is waited for. */
    @JvmStatic
    fun inVain(): AutoCloseable = begin(50.milliseconds, restAttempts = 2)

    private fun begin(patience: Duration, restAttempts: Int): AutoCloseable {
        val before = LeakCheck.patience to LeakCheck.restAttempts
        LeakCheck.patience = patience
        LeakCheck.restAttempts = restAttempts
        return AutoCloseable {
            LeakCheck.patience = before.first
            LeakCheck.restAttempts = before.second
        }
    }
}
