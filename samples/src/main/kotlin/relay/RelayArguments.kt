package io.hawser.samples.relay

import io.hawser.samples.cli.ClientEndpoint
import io.hawser.samples.cli.ManifestVersion
import io.hawser.samples.cli.Timeout
import io.hawser.samples.serve.ServingArguments
import io.hawser.samples.tls.TrustArguments
import kotlin.time.Duration.Companion.seconds
import picocli.CommandLine.ArgGroup
import picocli.CommandLine.Command
import picocli.CommandLine.Option

@Command(
    mixinStandardHelpOptions = true,
    versionProvider = ManifestVersion::class,
    sortOptions = false,
    header = ["Serve: pass each connection on to another endpoint."],
    description = [
        "",
        "What comes in goes there, and what comes back goes back, until both sides have ended. Its first line on stdout tells where it " +
            "listens.",
    ],
    footer = [
        "",
        "Example: a port of this machine that leads to a database elsewhere.",
        "  $ java -jar hawser.jar relay --on 127.0.0.1:5432 --to db.example:5432",
        "  listening tcp://127.0.0.1:5432",
        "",
        "Example: TLS for a server that has none.",
        "  $ java -jar hawser.jar relay --on tls://*:9443 --to 127.0.0.1:9002 \\",
        "      --tls-cert server.pem --tls-key server.key",
        "",
        "SIGTERM and SIGINT (Ctrl-C) end it: no more connections, those that are open may finish, exit 0.",
    ],
)
internal class RelayArguments : ServingArguments("relay") {
    @Option(names = ["--to"], order = 2, required = true, paramLabel = "ENDPOINT", description = ["Whom to connect to, each time anew."])
    lateinit var to: ClientEndpoint

    @Option(
        names = ["--connect-timeout"],
        order = 9,
        paramLabel = "D",
        defaultValue = "10s",
        description = ["How long the other endpoint has to answer. Default: \${DEFAULT-VALUE}."],
    )
    var connectTimeout: Timeout = Timeout(10.seconds)

    @ArgGroup(order = 13)
    var trust: TrustArguments? = null
}
