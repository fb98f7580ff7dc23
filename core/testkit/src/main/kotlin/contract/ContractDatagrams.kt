package io.hawser.testkit.contract

import io.hawser.Datagram
import io.hawser.DatagramClient
import io.hawser.DatagramClientOptions
import io.hawser.DatagramExchange
import io.hawser.DatagramServer
import io.hawser.DatagramServerOptions
import io.hawser.DatagramSocket
import io.hawser.KotlinOnly
import io.hawser.RunningDatagramServer
import io.hawser.testkit.LeakCheck
import io.kotest.core.spec.style.StringSpec
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout

/**
 * A transport of datagrams as the contracts see it; its clients can be answered, and [io.hawser.Hawser.datagramServer] finds it.
 *
 * [context] is where the tests themselves run: contracts hold on an event loop and off it.
 */
@KotlinOnly
public class ContractDatagrams(
    /** Makes a server with these options, on an address of its own. */
    public val server: (DatagramServerOptions) -> DatagramServer,
    /** Makes a client of a server that runs, with these options. */
    public val client: (RunningDatagramServer, DatagramClientOptions) -> DatagramClient,
    public val context: CoroutineContext = EmptyCoroutineContext,
) {
    /** The same transport, tested from coroutines that run in [context]. */
    public fun inContext(context: CoroutineContext): ContractDatagrams = ContractDatagrams(server, client, context)

    /** Runs [block] with a server that does [handler], and a client of it. */
    public suspend fun <R> serving(
        handler: suspend DatagramExchange.(Datagram) -> Unit,
        options: DatagramServerOptions = DatagramServerOptions(),
        block: suspend CoroutineScope.(RunningDatagramServer, DatagramClient) -> R,
    ): R = coroutineScope {
        server(options).start(this, handler).use { running ->
            coroutineScope { block(running, client(running, DatagramClientOptions())) }
        }
    }

    /** Runs [block] with a server that sends everything back, and a socket of a client of it. */
    public suspend fun <R> echoing(
        options: DatagramClientOptions = DatagramClientOptions(),
        block: suspend CoroutineScope.(RunningDatagramServer, DatagramSocket) -> R,
    ): R = serving({ reply(it.bytes) }) { server, _ ->
        client(server, options).open { socket -> block(server, socket) }
    }
}

/** Registers tests in [spec] in the context of [transport]. */
internal class DatagramTests(private val spec: StringSpec, private val transport: ContractDatagrams) {
    init {
        spec.extension(LeakCheck)
    }

    fun run(name: String, block: suspend CoroutineScope.() -> Unit) = with(spec) {
        name {
            withContext(transport.context) { withTimeout(HANG) { block() } }
        }
    }

    /** [block] gets a server that sends everything back, and a socket of a client of it. */
    fun echo(
        name: String,
        options: DatagramClientOptions = DatagramClientOptions(),
        block: suspend CoroutineScope.(RunningDatagramServer, DatagramSocket) -> Unit,
    ) = run(name) { transport.echoing(options, block) }
}
