package io.hawser.testkit

import kotlin.time.Duration.Companion.milliseconds

/** For tests of leaks that stay: until it is closed, nothing is waited for as long as in others' tests. */
object Impatience {
    @JvmStatic
    fun begin(): AutoCloseable {
        val patience = LeakCheck.patience
        LeakCheck.patience = 1_500.milliseconds
        return AutoCloseable { LeakCheck.patience = patience }
    }
}
