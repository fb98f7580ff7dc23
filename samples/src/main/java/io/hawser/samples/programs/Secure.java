package io.hawser.samples.programs;

import io.hawser.SocketFailure;
import io.hawser.StreamServer;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingConnection;
import io.hawser.blocking.BlockingServer;
import io.hawser.tcp.Tcp;
import io.hawser.tls.ClientAuth;
import io.hawser.tls.ClientTls;
import io.hawser.tls.ServerTls;
import io.hawser.tls.Tls;
import io.hawser.tls.TlsSession;
import java.io.IOException;
import java.nio.file.Path;

/**
 * TLS in Java: a server that greets who shows a certificate of its authority and turns away who has none. A client that trusts others does
 * not talk to it.
 *
 * <p>The argument is a folder with {@code authority.pem}, {@code server.pem} for {@code localhost}, {@code client.pem}, and the keys
 * {@code server.key} and {@code client.key}.
 */
public final class Secure {
    private Secure() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        Path folder = Path.of(args[0]);
        Path authority = folder.resolve("authority.pem");
        ServerTls serverTls = ServerTls.builder()
                .identity(folder.resolve("server.pem"), folder.resolve("server.key"))
                .clientAuth(ClientAuth.Required)
                .trust(authority)
                .build();
        ClientTls friend = ClientTls.builder()
                .identity(folder.resolve("client.pem"), folder.resolve("client.key"))
                .trust(authority)
                .build();
        StreamServer server = Tls.tls(Tcp.server("127.0.0.1", 0), serverTls);
        try (BlockingServer running =
                Blocking.server(server).start(connection -> connection.writeLine("good day, " + guest(connection)))) {
            greet(running.getPort(), friend);
            greet(running.getPort(), ClientTls.builder().trust(authority).build());
            greet(running.getPort(), ClientTls.system());
        }
    }

    private static void greet(int port, ClientTls tls) throws IOException, InterruptedException {
        try (BlockingConnection connection =
                Blocking.client(Tls.tls(Tcp.client("localhost", port), tls)).connect()) {
            System.out.println(connection.readLine());
        } catch (SocketFailure e) {
            // With TLS 1.3 a client learns by its first read that it is turned away.
            System.out.println(e.getMessage());
        }
    }

    private static String guest(BlockingConnection connection) {
        TlsSession session = Tls.getTlsSession(connection.unwrap());
        return session.getPeerCertificates().get(0).getSubjectX500Principal().getName();
    }
}
