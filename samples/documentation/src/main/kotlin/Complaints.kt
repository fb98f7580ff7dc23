package io.hawser.documentation

import java.util.concurrent.CopyOnWriteArrayList
import org.jetbrains.dokka.utilities.DokkaLogger

/** Keeps what Dokka warns of, above all links that it cannot resolve, and no more. */
internal class Complaints : DokkaLogger {
    val lines: MutableList<String> = CopyOnWriteArrayList()
    override var warningsCount: Int = 0
    override var errorsCount: Int = 0

    override fun debug(message: String) = Unit

    override fun info(message: String) = Unit

    override fun progress(message: String) = Unit

    override fun warn(message: String) {
        lines += message
    }

    override fun error(message: String) {
        lines += message
    }
}
