package io.hawser.reconnect

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.io.IOException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

class ProgressSpec : StringSpec({
    val cause = IOException("gone")

    fun Progress.then(vararg steps: Step): Progress = steps.fold(this, Progress::after)

    "failures in a row number the attempts" {
        val once = Progress().then(Step.Begin, Step.Failed(cause), Step.Postpone(1.seconds, cause))
        once shouldBe Progress(LinkState.Waiting(attempt = 2, 1.seconds, cause), failures = 1)
        Progress().then(Step.Begin, Step.Failed(cause)).state shouldBe LinkState.Waiting(attempt = 2, Duration.INFINITE, cause)
        once.then(Step.Begin) shouldBe Progress(LinkState.Connecting(2), failures = 1)
        once.then(Step.Begin, Step.Failed(cause), Step.Postpone(2.seconds, cause)).state shouldBe LinkState.Waiting(3, 2.seconds, cause)
    }

    "the end of a session that lasted is the first failure in a row, that of another one more" {
        val third = Progress(LinkState.Connecting(3), failures = 2)
        third.then(Step.Ended(cause, wasStable = true)) shouldBe Progress(LinkState.Waiting(2, Duration.INFINITE, cause), failures = 1)
        third.then(Step.Ended(null, wasStable = false)) shouldBe Progress(LinkState.Waiting(4, Duration.INFINITE, null), failures = 3)
    }

    "a request not to reconnect is found wherever it is" {
        val request = DoNotReconnect("enough", cause)
        request.doNotReconnect() shouldBe request
        IOException(IllegalStateException(request)).doNotReconnect() shouldBe request
        IOException("first").apply { addSuppressed(IOException("second", request)) }.doNotReconnect() shouldBe request
        IOException("round").apply { addSuppressed(IllegalStateException(this)) }.doNotReconnect() shouldBe null
    }
})
