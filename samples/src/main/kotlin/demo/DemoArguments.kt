package io.hawser.samples.demo

import io.hawser.samples.cli.ManifestVersion
import io.hawser.samples.cli.ServerEndpoint
import java.nio.file.Path
import picocli.CommandLine.Command
import picocli.CommandLine.Option

@Command(
    mixinStandardHelpOptions = true,
    versionProvider = ManifestVersion::class,
    sortOptions = false,
    header = ["Show transports at work, checked and measured."],
    description = [
        "",
        "Streams a file through an echo on each endpoint, server and client in this process, compares the SHA-256 of what comes " +
            "back, and measures round trips of 64 bytes. For TLS it has the JDK's keytool make a certificate that it throws away, and " +
            "trusts that one only.",
    ],
    footer = [
        "",
        "GB/s counts each byte of the file once: sent, echoed, received and hashed. p50 and p99 are of the round trips.",
        "The exit status is 1 if a single byte differs.",
        "",
        "Example: one's own file, and a number for a script.",
        "  $ java -jar hawser.jar demo --file backup.tar",
        "  $ java -jar hawser.jar demo --json | jq .transports[0].p99Micros",
    ],
)
internal interface DemoArguments {
    @get:Option(
        names = ["--on"],
        order = 0,
        paramLabel = "ENDPOINT",
        split = ",",
        hideParamSyntax = true,
        description = [
            "Where an echo listens, as for the echo command. Several are separated by commas, or given one by one. Default: one of " +
                "each transport, in nobody's way.",
        ],
    )
    val on: List<ServerEndpoint>?

    @get:Option(
        names = ["--file"],
        order = 1,
        paramLabel = "F",
        description = ["The file to stream. Default: lib/modules of the running JDK."],
    )
    val file: Path?

    @get:Option(names = ["--json"], order = 2, description = ["Print one JSON document instead of the table."])
    val json: Boolean
}
