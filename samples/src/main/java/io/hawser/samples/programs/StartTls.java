package io.hawser.samples.programs;

import io.hawser.Connection;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingConnection;
import io.hawser.blocking.BlockingServer;
import io.hawser.tcp.Tcp;
import io.hawser.tls.ClientTls;
import io.hawser.tls.ServerTls;
import io.hawser.tls.Tls;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A connection in Java that begins in the clear and goes on under TLS, as mail does (RFC 3207), seen from both ends. The server takes no
 * password before, and the client says none: it only asks whether it may.
 *
 * <p>The argument is a folder with {@code authority.pem}, and {@code server.pem} for {@code localhost} and its key {@code server.key}.
 */
public final class StartTls {
    private StartTls() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        Path folder = Path.of(args[0]);
        ServerTls serverTls = ServerTls.builder()
                .identity(folder.resolve("server.pem"), folder.resolve("server.key"))
                .build();
        ClientTls clientTls =
                ClientTls.builder().trust(folder.resolve("authority.pem")).build();
        try (BlockingServer server =
                        Blocking.server(Tcp.server("127.0.0.1", 0)).start(connection -> serve(connection, serverTls));
                BlockingConnection plain = Blocking.client(Tcp.client("127.0.0.1", server.getPort()))
                        .connect()) {
            System.out.println(ask(plain, "AUTH"));
            System.out.println(ask(plain, "STARTTLS"));
            Connection upgraded = Blocking.await(it -> Tls.startTls(plain.unwrap(), clientTls, "localhost", it));
            BlockingConnection secure = Blocking.connection(upgraded);
            System.out.println(ask(secure, "AUTH me:secret"));
            System.out.println(ask(secure, "QUIT"));
        }
    }

    private static String ask(BlockingConnection connection, String command) throws IOException, InterruptedException {
        connection.writeLine(command);
        return connection.readLine();
    }

    /** The rest of the conversation after an upgrade is on the connection that comes of it, and the one before is used up. */
    private static void serve(BlockingConnection connection, ServerTls tls) throws IOException, InterruptedException {
        for (String command = connection.readLine(); command != null; command = connection.readLine()) {
            boolean isSecret = Tls.getTlsSession(connection.unwrap()) != null;
            if (command.equals("STARTTLS") && !isSecret) {
                connection.writeLine("220 go ahead");
                Connection upgraded = Blocking.await(it -> Tls.startTls(connection.unwrap(), tls, it));
                serve(Blocking.connection(upgraded), tls);
                return;
            }
            if (command.equals("QUIT")) {
                connection.writeLine("221 bye");
                return;
            }
            connection.writeLine(isSecret ? answer(command) : "530 say STARTTLS first");
        }
    }

    private static String answer(String command) {
        if (command.equals("STARTTLS")) return "503 this is TLS already";
        return "235 " + command.substring(command.indexOf(' ') + 1).split(":")[0] + " is welcome";
    }
}
