package io.hawser.samples.echo

import io.hawser.Endpoint
import io.hawser.samples.cli.LoopCount
import io.hawser.samples.cli.ManifestVersion
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
        "SIGTERM and SIGINT (Ctrl-C) end it: no more connections, those that are open may finish, exit 0.",
    ],
)
internal interface EchoArguments {
    @get:Option(
        names = ["--on"],
        order = 1,
        required = true,
        paramLabel = "ENDPOINT",
        description = ["Where to listen: host:port or tcp://host:port. Port 0 is any free one, host * all addresses."],
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
}
