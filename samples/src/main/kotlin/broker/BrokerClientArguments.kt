package io.hawser.samples.broker

import io.hawser.samples.cli.ChannelId
import io.hawser.samples.cli.CommandLimit
import io.hawser.samples.cli.ManifestVersion
import io.hawser.samples.cli.Timeout
import io.hawser.samples.connect.ClientArguments
import java.nio.file.Path
import java.time.Duration
import picocli.CommandLine.Command
import picocli.CommandLine.Option
import picocli.CommandLine.Parameters

/** What a command for a client of a broker can be told. */
internal sealed class BrokerClientArguments : ClientArguments()

@Command(
    mixinStandardHelpOptions = true,
    versionProvider = ManifestVersion::class,
    sortOptions = false,
    header = ["Answer requests with what a command makes of them."],
    description = [
        "",
        "The command is run by sh for each request: what is asked is its standard input, as it comes, and what it prints is the answer, " +
            "as it comes. If it ends with another status than 0 the request fails with that and the first line of its stderr. A request " +
            "that nobody waits for any more has its command killed, and what that has begun.",
        "",
        "It prints a line when the broker has it among those who answer. It connects again whenever there is no connection, after a " +
            "wait that grows with each failure, and tells on stderr what it does.",
    ],
    footer = [
        "",
        "Example: pictures made small, three at a time.",
        "  $ java -jar hawser.jar broker provide tls://broker.example:9443 \\",
        "      7d444840-9dc0-11d1-b245-5ffdce74fad2 --concurrency 3 \\",
        "      --exec 'convert - -thumbnail 200x200 png:-'",
        "",
        "SIGTERM and SIGINT (Ctrl-C) end it: it is given nothing new, commands that run may",
        "end, as long as --grace says, exit 0. If the broker does not want it, exit 1.",
    ],
)
internal class BrokerProvideArguments : BrokerClientArguments() {
    @Parameters(index = "1", paramLabel = "CHANNEL", description = ["Where to answer: a UUID."])
    lateinit var channel: ChannelId

    @Option(names = ["--exec"], order = 0, required = true, paramLabel = "COMMAND", description = ["What answers, for sh."])
    lateinit var command: String

    @Option(
        names = ["--concurrency"],
        order = 2,
        paramLabel = "N",
        defaultValue = "4",
        description = ["How many requests at a time; more wait at the broker. Default: \${DEFAULT-VALUE}."],
    )
    var concurrency: CommandLimit = CommandLimit(4)

    @Option(
        names = ["--grace"],
        order = 3,
        paramLabel = "D",
        defaultValue = "25s",
        description = [
            "After SIGTERM or SIGINT, how long commands may run on, such as 500ms, 5s or 1m. Then they are killed. Default: " +
                "\${DEFAULT-VALUE}.",
        ],
    )
    lateinit var grace: Duration
}

@Command(
    mixinStandardHelpOptions = true,
    versionProvider = ManifestVersion::class,
    sortOptions = false,
    header = ["Ask, and print the answer as it comes."],
    description = [
        "",
        "What is asked is a file, or standard input, of any length. It connects once.",
    ],
    footer = [
        "",
        "Example: a picture made small.",
        "  $ java -jar hawser.jar broker request tls://broker.example:9443 \\",
        "      7d444840-9dc0-11d1-b245-5ffdce74fad2 --file cat.jpg > small.png",
        "",
        "The exit status is 0 once all of the answer has been printed, and 1 if there is none,",
        "or only a part of it, for which there is one line on stderr.",
    ],
)
internal class BrokerRequestArguments : BrokerClientArguments() {
    @Parameters(index = "1", paramLabel = "CHANNEL", description = ["Where to ask: a UUID."])
    lateinit var channel: ChannelId

    @Option(names = ["--file"], order = 2, paramLabel = "F", description = ["What to ask, in place of standard input."])
    var file: Path? = null

    @Option(
        names = ["--timeout"],
        order = 3,
        paramLabel = "D",
        defaultValue = "1m",
        description = ["How long all of it may take, such as 500ms, 5s or 1m. Default: \${DEFAULT-VALUE}."],
    )
    lateinit var timeout: Timeout
}

@Command(
    mixinStandardHelpOptions = true,
    versionProvider = ManifestVersion::class,
    sortOptions = false,
    header = ["Print what a broker does, and has done, as one line of JSON."],
    footer = [
        "",
        "Example: how many requests wait for somebody to answer them.",
        "  $ java -jar hawser.jar broker stats 127.0.0.1:9005 | jq .waiting",
    ],
)
internal class BrokerStatsArguments : BrokerClientArguments()
