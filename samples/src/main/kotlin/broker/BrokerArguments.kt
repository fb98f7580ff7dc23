package io.hawser.samples.broker

import io.hawser.samples.cli.ManifestVersion
import io.hawser.samples.cli.ServeByDefault
import io.hawser.samples.serve.ServingArguments
import picocli.CommandLine.Command

@Command(
    mixinStandardHelpOptions = true,
    versionProvider = ManifestVersion::class,
    preprocessor = ServeByDefault::class,
    sortOptions = false,
    synopsisSubcommandLabel = "COMMAND",
    header = ["Requests to whoever answers on a channel."],
    description = [
        "",
        "A broker gives each request to one of those who answer on its channel, which has a UUID for a name, and passes back what that " +
            "says. The word serve can be left out, as in the first example; the last one shows what options there are.",
    ],
    footer = [
        "",
        "Example: a broker, who counts words, and who wants some counted.",
        "  $ CHANNEL=\$(cat /proc/sys/kernel/random/uuid)",
        "  $ java -jar hawser.jar broker --on 127.0.0.1:9005",
        "  $ java -jar hawser.jar broker provide 127.0.0.1:9005 \$CHANNEL --exec 'wc -w'",
        "  $ java -jar hawser.jar broker request 127.0.0.1:9005 \$CHANNEL --file book.txt",
        "  $ java -jar hawser.jar broker stats 127.0.0.1:9005 | jq .requests",
        "  $ java -jar hawser.jar broker help serve",
    ],
)
internal interface BrokerArguments

@Command(
    mixinStandardHelpOptions = true,
    versionProvider = ManifestVersion::class,
    sortOptions = false,
    header = ["Serve: give each request to one of those who answer."],
    description = [
        "",
        "Its first line on stdout tells where it listens. Anybody who can connect may ask and answer, and gets its statistics.",
    ],
    footer = [
        "",
        "Example: for whoever is on this machine, and in its group.",
        "  $ java -jar hawser.jar broker serve --on unix:/run/broker.sock",
        "  listening unix:/run/broker.sock",
        "",
        "SIGTERM and SIGINT (Ctrl-C) end it: it takes no new requests, those that there are",
        "may be answered, as long as --grace says, exit 0.",
    ],
)
internal class BrokerServeArguments : ServingArguments("broker")
