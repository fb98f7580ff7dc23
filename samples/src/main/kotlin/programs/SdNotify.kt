package io.hawser.samples.programs

import io.hawser.Hawser

/** Tells systemd, or whoever started this program with `NOTIFY_SOCKET`, that it is ready (sd_notify(3)). */
public suspend fun main() {
    val name = System.getenv("NOTIFY_SOCKET") ?: return println("nobody wants to know")
    Hawser.datagramClient("unixgram:$name").open { it.send("READY=1".encodeToByteArray()) }
}
