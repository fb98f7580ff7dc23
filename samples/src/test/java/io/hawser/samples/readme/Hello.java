package io.hawser.samples.readme;

import io.hawser.blocking.Blocking;
import io.hawser.tcp.Tcp;

public class Hello {
    public static void main(String[] args) throws Exception {
        try (var server = Blocking.server(Tcp.server("127.0.0.1", 0)).start(it -> it.copyTo(it));
                var connection = Blocking.client(Tcp.client("127.0.0.1", server.getPort()))
                        .connect()) {
            connection.writeLine("hello");
            System.out.println(connection.readLine());
        }
    }
}
