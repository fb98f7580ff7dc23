package io.hawser.samples.echo

import io.hawser.samples.cli.ManifestVersion
import io.hawser.samples.serve.ServingArguments
import picocli.CommandLine.Command

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
        "  $ echo hello | java -jar hawser.jar connect 127.0.0.1:36219",
        "  hello",
        "",
        "Example: the same with TLS, and a client that trusts its authority.",
        "  $ java -jar hawser.jar echo --on tls://127.0.0.1:9443 \\",
        "      --tls-cert server.pem --tls-key server.key",
        "  $ echo hello | java -jar hawser.jar connect tls://127.0.0.1:9443 \\",
        "      --ca authority.pem",
        "",
        "A line of --stats, folded:",
        "  stats connections=3 accepted=40 refused=2 in=8192 out=8192",
        "    accepted/s=4 refused/s=0 in/s=1024 out/s=1024",
        "",
        "SIGTERM and SIGINT (Ctrl-C) end it: no more connections, those that are open may finish, exit 0.",
    ],
)
internal class EchoArguments : ServingArguments("echo")
