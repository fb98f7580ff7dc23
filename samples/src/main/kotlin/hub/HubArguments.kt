package io.hawser.samples.hub

import io.hawser.samples.cli.ManifestVersion
import io.hawser.samples.cli.ServeByDefault
import picocli.CommandLine.Command

@Command(
    mixinStandardHelpOptions = true,
    versionProvider = ManifestVersion::class,
    preprocessor = ServeByDefault::class,
    sortOptions = false,
    synopsisSubcommandLabel = "COMMAND",
    header = ["Messages about an event, for whoever is connected."],
    description = [
        "",
        "A hub sends each line of its input to all its clients, which may be programs in any language, and prints what they send. The " +
            "word serve can be left out, as in the first example; the last one shows what options there are.",
    ],
    footer = [
        "",
        "Example: a hub, a client that listens, and one that sends.",
        "  $ java -jar hawser.jar hub --on 127.0.0.1:9002 --event progress",
        "  $ java -jar hawser.jar hub listen 127.0.0.1:9002 --event progress",
        "  $ java -jar hawser.jar hub send 127.0.0.1:9002 --event progress hello",
        "  $ java -jar hawser.jar hub help serve",
        "",
        "A message is one line of JSON: on input an object, which is its data, or any",
        "other text, which becomes the data {\"text\": ...}; on output",
        "  {\"event_name\":\"progress\",\"timestamp_ms\":1795323600000,",
        "   \"timestamp_iso\":\"2026-11-22T05:00:00.000+00:00\",",
        "   \"message_type\":\"data\",\"data\":{\"step\":1,\"of\":3}}",
        "on one line. Bytes are base64, and NaN and infinite numbers are their names, as",
        "strings. Integers have up to 64 bits; of a key given twice the last one counts.",
    ],
)
internal interface HubArguments
