package io.hawser.samples.hub

import io.hawser.messaging.HubOptions
import io.hawser.messaging.WhenSlow
import io.hawser.samples.cli.ConnectionLimit
import io.hawser.samples.cli.EventName
import io.hawser.samples.cli.ManifestVersion
import io.hawser.samples.cli.MessageLimit
import io.hawser.samples.serve.ServingArguments
import picocli.CommandLine.Command
import picocli.CommandLine.Option

@Command(
    mixinStandardHelpOptions = true,
    versionProvider = ManifestVersion::class,
    sortOptions = false,
    header = ["Serve: send each line of standard input to all clients."],
    description = [
        "",
        "Its first line on stdout tells where it listens. Then come the messages that clients send, with the client's number: " +
            "{\"client\":\"1\",\"event_name\":...}; while nobody reads them, who sends has to wait. Who comes and goes, and which lines " +
            "could not be sent, is told on stderr.",
        "",
        "Lines have up to 1 MiB. The end of the input is not the end of the hub. In the background of a terminal it wants < /dev/null.",
    ],
    footer = [
        "",
        "Example: what a build says of itself, for whoever wants to know.",
        "  $ ./build | java -jar hawser.jar hub serve --on unix:/tmp/build.sock \\",
        "      --event build --replay 10",
        "  listening unix:/tmp/build.sock",
        "",
        "SIGTERM and SIGINT (Ctrl-C) end it: clients are told, what waits for them may leave, exit 0.",
    ],
)
internal class HubServeArguments : ServingArguments("hub") {
    @Option(
        names = ["--event"],
        order = 2,
        required = true,
        paramLabel = "E",
        description = ["What the messages are about: 1 to 64 of A-Z, a-z, 0-9, _ and -."],
    )
    lateinit var event: EventName

    @Option(
        names = ["--backlog"],
        order = 13,
        paramLabel = "N",
        description = ["How many messages to keep while nobody is connected, for whoever comes first. Default: 100."],
    )
    var backlog: MessageLimit? = null

    @Option(
        names = ["--replay"],
        order = 14,
        paramLabel = "N",
        description = ["How many of the last messages everybody gets who connects. Default: none."],
    )
    var replay: MessageLimit? = null

    @Option(
        names = ["--max-clients"],
        order = 15,
        paramLabel = "N",
        description = ["How many clients there may be at a time; more are told so and turned away. Default: 1000."],
    )
    var maxClients: ConnectionLimit? = null

    @Option(
        names = ["--when-slow"],
        order = 16,
        paramLabel = "POLICY",
        description = [
            "What becomes of messages that a client does not take in time: drop-oldest, drop-newest, disconnect it, or suspend, which " +
                "has the input wait for the slowest; who takes nothing for 30 s is disconnected then. Default: drop-oldest.",
        ],
    )
    var whenSlow: WhenSlow? = null

    @Option(names = ["--no-client-send"], order = 17, description = ["Take no messages from clients."])
    var noClientSend: Boolean = false

    fun hubOptions(): HubOptions = HubOptions {
        allowClientSend = !noClientSend
        whenReceivedFull = WhenSlow.Suspend
        this@HubServeArguments.backlog?.let { backlog = it.value }
        this@HubServeArguments.replay?.let { replay = it.value }
        this@HubServeArguments.maxClients?.let { maxClients = it.value }
        this@HubServeArguments.whenSlow?.let { whenSlow = it }
    }
}
