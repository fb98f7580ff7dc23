package io.hawser.benchmarks.server

import java.nio.file.Path
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.runBlocking

/**
 * Who asks, who answers, and what is between them, each a process of its own. Who asks is the one that is started and put under load; it
 * starts the others, which end with it.
 */
internal abstract class Parties(private val contestant: JvmContestant) {
    /** Starts what is between them, in another process, and returns its port. */
    abstract fun connect(): Int

    /** Returns once requests of [service] are answered, which somebody at [port] passes on. They are for as long as the process runs. */
    open suspend fun answer(service: String, port: Int): Unit = JvmContestant.unknown(service)

    /** Whether nobody answers but who is between them. */
    open val hasProvider: Boolean get() = true

    /** Asks by way of who is at [port]; [use] does not return. */
    abstract suspend fun ask(service: String, port: Int, use: suspend (Asker) -> Unit)

    /** Serves [service], or is one of the others: [argument] is the port then. */
    fun serve(service: String, argument: Path): Unit = runBlocking {
        if (service.endsWith(ANSWERS)) {
            val port = "$argument".toInt()
            answer(service.removeSuffix(ANSWERS), port)
            JvmContestant.announce(port)
            awaitCancellation()
        }
        val port = connect()
        if (hasProvider) contestant.startAnother("$service$ANSWERS", "$port")
        obey(service, port)
    }

    protected suspend fun obey(service: String, port: Int): Unit = ask(service, port) { asker ->
        Askers().use {
            JvmContestant.announce("ask://${JvmContestant.LOOPBACK}:${it.port}")
            it.obey(asker)
        }
    }

    private companion object {
        const val ANSWERS = " answers"
    }
}
