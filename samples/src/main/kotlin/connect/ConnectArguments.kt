package io.hawser.samples.connect

import io.hawser.samples.cli.BlockSize
import io.hawser.samples.cli.ManifestVersion
import io.hawser.samples.cli.Timeout
import picocli.CommandLine.Command
import picocli.CommandLine.Option

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
            "end of the input, and then until nothing has come for three seconds.",
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
internal class ConnectArguments : ClientArguments() {
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
}
