package io.hawser.samples.echo

import io.hawser.Admission
import io.hawser.Endpoint
import io.hawser.samples.cli.ConnectionLimit
import io.hawser.samples.cli.LoopCount
import io.hawser.samples.cli.ManifestVersion
import io.hawser.samples.cli.Timeout
import java.time.Duration
import picocli.CommandLine.Command
import picocli.CommandLine.Option

@Command(
    mixinStandardHelpOptions = true,
    versionProvider = ManifestVersion::class,
    sortOptions = false,
    header = ["Serve: send back whatever comes in."],
    description = ["", "Its first line on stdout tells where it listens."],
    footer = [
        "",
        "Example: a server on a free port of this machine, and a client.",
        "  $ java -jar hawser.jar echo --on 127.0.0.1:0",
        "  listening tcp://127.0.0.1:36219",
        "  $ echo hello | nc -N 127.0.0.1 36219",
        "  hello",
        "",
        "A line of --stats, folded:",
        "  stats connections=3 accepted=40 refused=2 in=8192 out=8192",
        "    accepted/s=4 refused/s=0 in/s=1024 out/s=1024",
        "",
        "SIGTERM and SIGINT (Ctrl-C) end it: no more connections, those that are open may finish, exit 0.",
    ],
)
internal interface EchoArguments {
    @get:Option(
        names = ["--on"],
        order = 1,
        required = true,
        paramLabel = "ENDPOINT",
        description = [
            "Where to listen: host:port, also after tcp://, or tcp4:// or tcp6:// for one IP version only. Port 0 is any free one, " +
                "host * all addresses.",
        ],
    )
    val on: Endpoint

    @get:Option(
        names = ["--loops"],
        order = 2,
        paramLabel = "N",
        description = ["How many event loops, each a thread. Default: one per core."],
    )
    val loops: LoopCount?

    @get:Option(
        names = ["--grace"],
        order = 3,
        paramLabel = "D",
        defaultValue = "25s",
        description = ["How long open connections may last, such as 500ms, 5s or 1m. Then they are cut. Default: \${DEFAULT-VALUE}."],
    )
    val grace: Duration

    @get:Option(
        names = ["--max-connections"],
        order = 4,
        paramLabel = "N",
        description = ["How many connections there may be at a time; more are closed at once. Default: any number."],
    )
    val maxConnections: ConnectionLimit?

    @get:Option(
        names = ["--idle-timeout"],
        order = 5,
        paramLabel = "D",
        description = ["Close connections on which nothing has moved for this long. Default: never."],
    )
    val idleTimeout: Timeout?

    @get:Option(
        names = ["--allow"],
        order = 6,
        paramLabel = "CIDR",
        split = ",",
        hideParamSyntax = true,
        description = [
            "Who may connect: an address or a block of them, such as 10.0.0.0/8 or 2001:db8::/32. Several are separated by " +
                "commas, or given one by one. Default: everybody.",
        ],
    )
    val allow: List<Admission>?

    @get:Option(
        names = ["--stats"],
        order = 7,
        description = [
            "Print a line of numbers on stderr every second, and one at the end: connections now; accepted, refused, bytes in and " +
                "out since the start; and the same per second since the line before.",
        ],
    )
    val stats: Boolean
}
