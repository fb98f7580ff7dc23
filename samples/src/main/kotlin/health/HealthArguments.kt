package io.hawser.samples.health

import io.hawser.samples.cli.ManifestVersion
import io.hawser.samples.cli.Timeout
import io.hawser.samples.connect.TargetArguments
import kotlin.time.Duration.Companion.seconds
import picocli.CommandLine.Command
import picocli.CommandLine.Option

@Command(
    mixinStandardHelpOptions = true,
    versionProvider = ManifestVersion::class,
    sortOptions = false,
    header = ["Tell whether an endpoint can be connected to, and exit with 0 or 1."],
    description = [
        "",
        "It connects, with TLS where that is, says nothing there, and prints one line. Of an endpoint of datagrams it tells whether a " +
            "socket can be opened for it: who receives there says nothing by himself.",
    ],
    footer = [
        "",
        "Example: for a container, and for people.",
        "  HEALTHCHECK CMD java -jar hawser.jar health unix:/run/app.sock",
        "  $ java -jar hawser.jar health tls://127.0.0.1:9443 --ca authority.pem",
        "  up tls://127.0.0.1:9443 in 31 ms",
        "",
        "The exit status is 0 for up, and 1 for down.",
    ],
)
internal class HealthArguments : TargetArguments() {
    @Option(
        names = ["--timeout"],
        order = 1,
        paramLabel = "D",
        defaultValue = "5s",
        description = ["How long it may take, such as 500ms, 5s or 1m. Default: \${DEFAULT-VALUE}."],
    )
    var timeout: Timeout = Timeout(5.seconds)
}
