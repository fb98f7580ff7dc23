package io.hawser.samples.connect

import io.hawser.samples.cli.Timeout
import kotlin.time.Duration.Companion.seconds
import picocli.CommandLine.Option

/** What a command that connects can be told. */
internal abstract class ClientArguments : TargetArguments() {
    @Option(
        names = ["--connect-timeout"],
        order = 1,
        paramLabel = "D",
        defaultValue = "10s",
        description = ["How long the endpoint has to answer, such as 500ms, 5s or 1m. Default: \${DEFAULT-VALUE}."],
    )
    var connectTimeout: Timeout = Timeout(10.seconds)
}
