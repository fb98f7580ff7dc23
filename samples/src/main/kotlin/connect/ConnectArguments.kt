package io.hawser.samples.connect

import io.hawser.samples.cli.BlockSize
import io.hawser.samples.cli.ClientEndpoint
import io.hawser.samples.cli.ManifestVersion
import io.hawser.samples.cli.Timeout
import io.hawser.samples.tls.IdentityArguments
import io.hawser.samples.tls.TrustArguments
import io.hawser.samples.tls.clientTls
import io.hawser.tls.ClientTls
import kotlin.time.Duration.Companion.seconds
import picocli.CommandLine.ArgGroup
import picocli.CommandLine.Command
import picocli.CommandLine.Mixin
import picocli.CommandLine.Option
import picocli.CommandLine.Parameters

@Command(
    mixinStandardHelpOptions = true,
    versionProvider = ManifestVersion::class,
    sortOptions = false,
    header = ["Connect: standard input goes there, and what comes goes to standard output."],
    description = [
        "",
        "At the end of the input it ends its direction, and goes on until the other side has ended its own. If that comes first, it goes " +
            "on until the end of the input, or at once if that is a terminal.",
        "",
        "To an endpoint of datagrams each line goes as one, without its line end, and each that comes is a line; it goes on until the " +
            "end of the input, and then until nothing has come for a second.",
        "",
        "With --reconnect it connects again whenever there is no connection, or the other side has ended its direction, after a wait " +
            "that grows with each failure, and tells on stderr what it does. The input goes to whoever is connected; what comes of it " +
            "meanwhile waits for the next connection, and nothing is read of it before the first. What a connection had taken when it " +
            "broke is not sent again. The end of the input ends the connection as above, and if there is none, or it breaks, that is " +
            "the end of all.",
    ],
    footer = [
        "",
        "Example: a line, and a file, to an echo and back.",
        "  $ echo hello | java -jar hawser.jar connect 127.0.0.1:9002",
        "  hello",
        "  $ java -jar hawser.jar connect 127.0.0.1:9002 < backup.tar | sha256sum",
        "",
        "Example: what a web server says of itself.",
        "  $ printf 'HEAD / HTTP/1.0\\r\\n\\r\\n' |",
        "      java -jar hawser.jar connect tls://example.org:443",
        "",
        "Example: lines for a collector that may be restarted.",
        "  $ tail -F app.log |",
        "      java -jar hawser.jar connect --reconnect logs.example:9002",
        "  connecting (attempt 1)",
        "  connected to tcp://logs.example:9002",
        "  waiting 67 ms because the connection has ended",
        "  connecting (attempt 2)",
        "",
        "The exit status is 0 once both sides have ended, and 1 if either failed.",
    ],
)
internal class ConnectArguments {
    @Parameters(
        paramLabel = "ENDPOINT",
        description = [
            "Whom to connect to: host:port, also after tcp://, tls:// or udp://, or tcp4://, udp6:// and so on for one IP version " +
                "only; or unix:PATH, unixgram:PATH, where @NAME is an abstract name.",
        ],
    )
    lateinit var endpoint: ClientEndpoint

    @Option(
        names = ["--connect-timeout"],
        order = 1,
        paramLabel = "D",
        defaultValue = "10s",
        description = ["How long the endpoint has to answer, such as 500ms, 5s or 1m. Default: \${DEFAULT-VALUE}."],
    )
    var connectTimeout: Timeout = Timeout(10.seconds)

    @Option(
        names = ["--idle-timeout"],
        order = 2,
        paramLabel = "D",
        description = ["Fail when nothing has moved for this long. Default: never."],
    )
    var idleTimeout: Timeout? = null

    @Option(
        names = ["--block"],
        order = 3,
        paramLabel = "N",
        description = [
            "For datagrams: send the input in blocks of this many bytes and not by lines, and put nothing between those that come.",
        ],
    )
    var block: BlockSize? = null

    @Option(
        names = ["--reconnect"],
        order = 4,
        description = ["Connect again whenever a connection ends or cannot be had, until the end of the input or a signal."],
    )
    var reconnect: Boolean = false

    @Mixin
    val identity: IdentityArguments = IdentityArguments()

    @ArgGroup(order = 13)
    var trust: TrustArguments? = null

    /** Why what was said of TLS is of no use, if it is not. */
    fun faultOfTls(): String? {
        val fault = identity.faultFor(endpoint.endpoint, isServer = false) ?: trust?.faultFor(endpoint.endpoint)
        if (fault != null || trust?.isInsecure != true) return fault
        return identity.given().firstOrNull()?.let { "$it is not for whoever answers: leave out --insecure-for-testing" }
    }

    /**
     * How to speak TLS there.
     *
     * @throws io.hawser.tls.InvalidTlsConfiguration
     */
    fun clientTls(): ClientTls = clientTls(trust, identity.identity())
}
