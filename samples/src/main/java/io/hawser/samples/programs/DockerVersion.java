package io.hawser.samples.programs;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hawser.Hawser;
import io.hawser.blocking.Blocking;
import java.io.IOException;
import java.time.Duration;

/** Asks a daemon that speaks HTTP on a Unix socket for its version, from Java: Docker's, or that of the argument. */
public final class DockerVersion {
    private DockerVersion() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        String endpoint = "unix:" + (args.length > 0 ? args[0] : "/var/run/docker.sock");
        byte[] request = "GET /version HTTP/1.0\r\nHost: localhost\r\n\r\n".getBytes(UTF_8);
        String answer = Blocking.client(Hawser.streamClient(endpoint))
                .<String>once(
                        request,
                        Duration.ofSeconds(5),
                        connection -> new String(connection.getInputStream().readAllBytes(), UTF_8));
        System.out.println(answer.substring(answer.indexOf("\r\n\r\n") + "\r\n\r\n".length())
                .trim());
    }
}
