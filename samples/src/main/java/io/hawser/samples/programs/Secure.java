package io.hawser.samples.programs;

import static io.hawser.samples.programs.Await.await;

import io.hawser.Connection;
import io.hawser.RunningServer;
import io.hawser.SocketFailure;
import io.hawser.StreamClient;
import io.hawser.tcp.Tcp;
import io.hawser.tls.ClientAuth;
import io.hawser.tls.ClientTls;
import io.hawser.tls.ServerTls;
import io.hawser.tls.Tls;
import io.hawser.tls.TlsSession;
import java.nio.file.Path;
import kotlinx.coroutines.GlobalScope;

/**
 * TLS in Java: a server that greets who has shown a certificate, and a client.
 *
 * <p>The argument is a folder with {@code authority.pem}, {@code server.pem} for {@code localhost}, {@code client.pem}, and the keys
 * {@code server.key} and {@code client.key}.
 */
public final class Secure {
    private static final int LONGEST_LINE = 1024;

    private Secure() {}

    public static void main(String[] args) throws SocketFailure, InterruptedException {
        Path folder = Path.of(args[0]);
        Path authority = folder.resolve("authority.pem");
        ServerTls serverTls = ServerTls.builder()
                .identity(folder.resolve("server.pem"), folder.resolve("server.key"))
                .clientAuth(ClientAuth.Required)
                .trust(authority)
                .build();
        ClientTls clientTls = ClientTls.builder()
                .identity(folder.resolve("client.pem"), folder.resolve("client.key"))
                .trust(authority)
                .build();
        RunningServer server = await(caller -> Tls.tls(Tcp.server("127.0.0.1", 0), serverTls)
                .start(
                        GlobalScope.INSTANCE,
                        (scope, connection, handler) -> connection.writeLine("good day, " + guest(connection), handler),
                        caller));
        try (server) {
            StreamClient client = Tls.tls(Tcp.client("localhost", server.getPort()), clientTls);
            String greeting = await(caller ->
                    client.connect((scope, connection, handler) -> connection.readLine(LONGEST_LINE, handler), caller));
            System.out.println(greeting);
        }
    }

    private static String guest(Connection connection) {
        TlsSession session = Tls.getTlsSession(connection);
        return session.getPeerCertificates().get(0).getSubjectX500Principal().getName();
    }
}
