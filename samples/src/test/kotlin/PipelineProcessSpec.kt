package io.hawser.samples

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe

private const val SIZE = 1L shl 30

/** 1 GiB from `connect` through `relay` to `echo` and back, in processes that have no memory for it. */
class PipelineProcessSpec : StringSpec({
    timeout = 600_000

    "a large stream comes back through a relay as it was, in little memory" {
        // In a file it would keep the disk busy for the tests beside this one.
        val line = "set -o pipefail; head -c $SIZE /dev/urandom | tee >(sha256sum >&2) | \"\$@\" | sha256sum"
        Child.hawser("echo", "--on", "127.0.0.1:0", memory = "64m").use { echo ->
            Child.hawser("relay", "--on", "127.0.0.1:0", "--to", "127.0.0.1:${echo.port()}", memory = "64m").use { relay ->
                Child.shell(line, "connect", "127.0.0.1:${relay.port()}", memory = "64m").use { connect ->
                    val end = connect.end(seconds = 300)
                    end shouldBe Child.End(0, listOf(end.errors.trim()), end.errors)
                }
            }
        }
    }
})
