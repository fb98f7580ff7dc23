package io.hawser.samples.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.hawser.event.ConnectionEvent;
import io.hawser.tcp.Tcp;
import io.hawser.testkit.junit.ServerExtension;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class EchoTest {
    @RegisterExtension
    static final ServerExtension echo = ServerExtension.of(Tcp.server("127.0.0.1", 0), (in, out) -> in.transferTo(out));

    @Test
    void whatIsSaidComesBack() throws IOException {
        try (Socket socket = new Socket("127.0.0.1", echo.getPort())) {
            socket.getOutputStream().write('a');
            assertEquals('a', socket.getInputStream().read());
        }
        echo.getEvents().within(Duration.ofSeconds(5), ConnectionEvent.Closed.class);
    }
}
