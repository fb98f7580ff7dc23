package io.hawser.samples.top

import io.hawser.samples.cli.ManifestVersion
import io.hawser.samples.connect.ClientArguments
import picocli.CommandLine.Command
import picocli.CommandLine.Option

@Command(
    mixinStandardHelpOptions = true,
    versionProvider = ManifestVersion::class,
    sortOptions = false,
    header = ["Watch a command that serves: connections, rates, delays, refusals."],
    description = [
        "",
        "ENDPOINT is that of its --monitor. On a terminal it fills the screen, until q or Ctrl-C; elsewhere it prints a block each " +
            "second. It connects again whenever there is no connection.",
        "",
        "The loop delay is how long a task waits until its event loop has time for it; the request delay, of a broker, how long " +
            "requests took that were answered; both over the last ten seconds. NO_COLOR in the environment is respected.",
    ],
    footer = [
        "",
        "Example: an echo server, and who is busy there.",
        "  $ java -jar hawser.jar echo --on '*:9002' --monitor 127.0.0.1:9010",
        "  $ java -jar hawser.jar top 127.0.0.1:9010",
        "",
        "Example: the same for a program.",
        "  $ nc 127.0.0.1 9010 | jq .rates.in",
        "",
        "The exit status is 0 once it was told to end, and 1 if ENDPOINT is no monitor,",
        "or for --once if nothing could be had.",
    ],
)
internal class TopArguments : ClientArguments() {
    @Option(names = ["--once"], order = 2, description = ["Print how things are, and end."])
    var once: Boolean = false
}
