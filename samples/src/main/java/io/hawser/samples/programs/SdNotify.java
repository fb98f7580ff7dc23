package io.hawser.samples.programs;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hawser.Hawser;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingDatagramSocket;
import java.io.IOException;

/** Tells systemd, or whoever started this program with {@code NOTIFY_SOCKET}, that it is ready (sd_notify(3)), from Java. */
public final class SdNotify {
    private SdNotify() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        String name = System.getenv("NOTIFY_SOCKET");
        if (name == null) {
            System.out.println("nobody wants to know");
            return;
        }
        try (BlockingDatagramSocket socket =
                Blocking.client(Hawser.datagramClient("unixgram:" + name)).open()) {
            socket.send("READY=1".getBytes(UTF_8));
        }
    }
}
