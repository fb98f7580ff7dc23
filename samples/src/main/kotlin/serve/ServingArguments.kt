package io.hawser.samples.serve

import io.hawser.Admission
import io.hawser.Endpoint
import io.hawser.samples.cli.ConnectionLimit
import io.hawser.samples.cli.LoopCount
import io.hawser.samples.cli.ServerEndpoint
import io.hawser.samples.cli.Timeout
import io.hawser.samples.tls.IdentityArguments
import io.hawser.samples.tls.isTls
import io.hawser.samples.tls.withoutTls
import io.hawser.tls.ClientAuth
import io.hawser.tls.ServerTls
import java.nio.file.Path
import java.time.Duration
import picocli.CommandLine.Mixin
import picocli.CommandLine.Option

/** What a command that serves can be told; [program] is what somebody who watches it reads. */
internal abstract class ServingArguments(val program: String) {
    @Option(
        names = ["--on"],
        order = 1,
        required = true,
        paramLabel = "ENDPOINT",
        description = [
            "Where to listen: host:port, also after tcp://, tls:// or udp://, or tcp4://, udp6:// and so on for one IP version only; " +
                "or unix:PATH, unixgram:PATH, where @NAME is an abstract name. Port 0 is any free one, host * all addresses.",
        ],
    )
    lateinit var on: ServerEndpoint

    @Option(
        names = ["--loops"],
        order = 3,
        paramLabel = "N",
        description = ["How many event loops, each a thread. Default: one per core."],
    )
    var loops: LoopCount? = null

    @Option(
        names = ["--grace"],
        order = 4,
        paramLabel = "D",
        defaultValue = "25s",
        description = [
            "After SIGTERM or SIGINT, how long open connections may last, such as 500ms, 5s or 1m. Then they are cut. Default: " +
                "\${DEFAULT-VALUE}.",
        ],
    )
    lateinit var grace: Duration

    @Option(
        names = ["--max-connections"],
        order = 5,
        paramLabel = "N",
        description = ["How many connections there may be at a time; more are closed at once. Default: any number."],
    )
    var maxConnections: ConnectionLimit? = null

    @Option(
        names = ["--idle-timeout"],
        order = 6,
        paramLabel = "D",
        description = ["Close connections on which nothing has moved for this long. Default: never."],
    )
    var idleTimeout: Timeout? = null

    @Option(
        names = ["--allow"],
        order = 7,
        paramLabel = "CIDR",
        split = ",",
        hideParamSyntax = true,
        description = [
            "Who may connect: an address or a block of them, such as 10.0.0.0/8 or 2001:db8::/32. Several are separated by " +
                "commas, or given one by one. Default: everybody.",
        ],
    )
    var allow: List<Admission>? = null

    @Option(
        names = ["--stats"],
        order = 8,
        description = [
            "Print a line of numbers on stderr every second, and one at the end: connections now; accepted, refused, bytes in and " +
                "out since the start, or datagrams received, dropped and failed; and the same per second since the line before.",
        ],
    )
    var stats: Boolean = false

    @Option(
        names = ["--metrics"],
        order = 8,
        paramLabel = "ENDPOINT",
        description = [
            "Where Prometheus can scrape numbers: /metrics in plain HTTP there, written as for --on, without TLS and datagrams. Where " +
                "that is, with the real port, is told on stderr. Default: nowhere.",
        ],
    )
    var metrics: ServerEndpoint? = null

    @Option(
        names = ["--monitor"],
        order = 9,
        paramLabel = "ENDPOINT",
        description = [
            "Where to listen for those who watch, by the command top or as a line of JSON each second: they see who is connected and " +
                "what moves, so it is to be one of this machine, such as 127.0.0.1:9010 or unix:PATH, or one of TLS. Told on stderr.",
        ],
    )
    var monitor: ServerEndpoint? = null

    @Mixin
    val identity: IdentityArguments = IdentityArguments()

    @Option(
        names = ["--tls-client-ca"],
        order = 12,
        paramLabel = "FILE",
        description = [
            "For tls://: turn away whoever shows no certificate that was issued by one of these, in PEM. Default: nobody is asked for one.",
        ],
    )
    var clientAuthorities: Path? = null

    /** Why there can be no monitor where it is to be, if there cannot. */
    fun faultOfMonitor(): String? {
        val endpoint = monitor?.endpoint ?: return null
        if (endpoint.isDatagram) return "--monitor is for those who connect, and nobody can to $endpoint"
        val isAnyPort = (endpoint as? Endpoint.Inet)?.port == 0
        if (isAnyPort || endpoint.withoutTls() != on.endpoint.withoutTls()) return null
        return "--monitor needs an endpoint of its own: $endpoint"
    }

    /** Whether strangers may connect to the monitor, and need not say who they are. */
    val isMonitorOpen: Boolean
        get() = (monitor?.endpoint as? Endpoint.Inet)
            ?.let { !it.isOfThisMachine && (!it.isTls || clientAuthorities == null) } ?: false

    private val Endpoint.Inet.isOfThisMachine: Boolean get() = host == "localhost" || host == "::1" || host.startsWith("127.")

    /** Why what was said of TLS is of no use, if it is not. */
    fun faultOfTls(): String? {
        val endpoint = listOfNotNull(on, monitor).map { it.endpoint }.firstOrNull { it.isTls } ?: on.endpoint
        if (!endpoint.isTls && clientAuthorities != null) return "--tls-client-ca is about TLS, and there is none on $endpoint"
        return identity.faultFor(endpoint, isServer = true)
    }

    /**
     * How to serve TLS; what becomes of a certificate that changes is logged.
     *
     * @throws io.hawser.tls.InvalidTlsConfiguration
     */
    fun serverTls(): ServerTls = tls

    private val tls: ServerTls by lazy {
        ServerTls {
            identity.identity(::logChange)?.let { identity(it) }
            clientAuthorities?.let {
                clientAuth = ClientAuth.Required
                trust(it)
            }
        }
    }

    /** Why nobody can be served the metrics where they were asked for, if so. */
    fun faultOfMetrics(): String? {
        val endpoint = metrics?.endpoint ?: return null
        return when {
            endpoint.isDatagram -> "--metrics is served over connections, and there are none to $endpoint"
            endpoint.isTls -> "--metrics is served in plain HTTP, without TLS as on $endpoint"
            else -> null
        }
    }

    /** What was asked for that only connections have, by its option. */
    fun aboutConnections(): List<String> =
        listOfNotNull("--max-connections".takeIf { maxConnections != null }, "--idle-timeout".takeIf { idleTimeout != null })
}
