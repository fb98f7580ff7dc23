package io.hawser.samples.hub

import io.hawser.samples.cli.EventName
import io.hawser.samples.cli.ManifestVersion
import io.hawser.samples.cli.MessageCount
import io.hawser.samples.connect.ClientArguments
import picocli.CommandLine.Command
import picocli.CommandLine.Option
import picocli.CommandLine.Parameters

/** What a command for a client of a hub can be told. */
internal abstract class HubClientArguments : ClientArguments() {
    @Option(
        names = ["--event"],
        order = 0,
        required = true,
        paramLabel = "E",
        description = ["What the hub's messages are about."],
    )
    lateinit var event: EventName
}

@Command(
    mixinStandardHelpOptions = true,
    versionProvider = ManifestVersion::class,
    sortOptions = false,
    header = ["Print what a hub sends, each message as one line of JSON."],
    description = [
        "",
        "It connects again whenever there is no connection, after a wait that grows with each failure, and tells on stderr what it does. " +
            "It goes on until a signal, or until it has printed as many messages as it is to. A hub of another event is as good as none.",
    ],
    footer = [
        "",
        "Example: how far a build has come.",
        "  $ java -jar hawser.jar hub listen unix:/tmp/build.sock --event build |",
        "      jq --unbuffered .data.step",
        "",
        "Example: the next message, for a script.",
        "  $ java -jar hawser.jar hub listen build.example:9002 --event build --count 1",
        "",
        "The exit status is 0 once all that was wanted has come, 1 if that cannot be, and",
        "143 or 130 at SIGTERM or SIGINT (Ctrl-C).",
    ],
)
internal class HubListenArguments : HubClientArguments() {
    @Option(
        names = ["--count"],
        order = 2,
        paramLabel = "N",
        description = ["End after this many messages. Default: never."],
    )
    var count: MessageCount? = null
}

@Command(
    mixinStandardHelpOptions = true,
    versionProvider = ManifestVersion::class,
    sortOptions = false,
    header = ["Send messages to a hub: a text, or each line of standard input."],
    description = [
        "",
        "It connects once, reads nothing before the hub has said that it may send, and ends when the hub has said that it got " +
            "everything. Each of these may take as long as --connect-timeout says. To the hub it is a client like others: what that has " +
            "kept for whoever comes first comes here, and is passed over.",
    ],
    footer = [
        "",
        "Example: a message, and those of a program.",
        "  $ java -jar hawser.jar hub send unix:/tmp/build.sock --event build '{\"step\":1}'",
        "  $ tail -F app.log |",
        "      java -jar hawser.jar hub send logs.example:9002 --event log",
        "",
        "The exit status is 0 once the hub has got everything, and 1 if it has not, or if",
        "there were lines that no message can say, which are told on stderr.",
    ],
)
internal class HubSendArguments : HubClientArguments() {
    @Parameters(index = "1", arity = "0..1", paramLabel = "TEXT", description = ["What to send, in place of standard input."])
    var text: String? = null
}
