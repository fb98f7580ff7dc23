package io.hawser.samples

import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import java.security.DigestOutputStream
import java.security.MessageDigest
import java.util.HexFormat
import kotlin.random.Random

private const val SIZE = 1L shl 30

/** A file of 1 GiB from `connect` through `relay` to `echo` and back, in processes that have no memory for it. */
class PipelineProcessSpec : StringSpec({
    timeout = 600_000

    "a large file comes back through a relay as it was, in little memory" {
        val file = tempdir().resolve("large")
        val digest = MessageDigest.getInstance("SHA-256")
        DigestOutputStream(file.outputStream(), digest).use { out ->
            val random = Random(7)
            val block = random.nextBytes(1 shl 20)
            repeat((SIZE / block.size).toInt()) {
                // No two blocks are alike, so that none can stand in for another.
                random.nextBytes(block, 0, 64)
                out.write(block)
            }
        }
        Child.hawser("echo", "--on", "127.0.0.1:0", memory = "64m").use { echo ->
            Child.hawser("relay", "--on", "127.0.0.1:0", "--to", "127.0.0.1:${echo.port()}", memory = "64m").use { relay ->
                Child.shell("\"\$@\" < '$file' | sha256sum", "connect", "127.0.0.1:${relay.port()}", memory = "64m").use { connect ->
                    connect.end(seconds = 300) shouldBe Child.End(0, listOf("${HexFormat.of().formatHex(digest.digest())}  -"), "")
                }
            }
        }
        file.delete()
    }
})
