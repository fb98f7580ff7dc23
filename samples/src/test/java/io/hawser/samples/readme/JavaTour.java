package io.hawser.samples.readme;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.hawser.Admission;
import io.hawser.Connection;
import io.hawser.ConnectionReset;
import io.hawser.Datagram;
import io.hawser.Hawser;
import io.hawser.OnDrain;
import io.hawser.ServerOptions;
import io.hawser.SocketOptions;
import io.hawser.StreamClient;
import io.hawser.StreamServer;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingConnection;
import io.hawser.blocking.BlockingDatagramServer;
import io.hawser.blocking.BlockingDatagramSocket;
import io.hawser.blocking.BlockingFramed;
import io.hawser.blocking.BlockingLink;
import io.hawser.blocking.BlockingPool;
import io.hawser.blocking.BlockingServer;
import io.hawser.blocking.LinkHooks;
import io.hawser.event.EventLogger;
import io.hawser.framing.LengthPrefix;
import io.hawser.framing.Lines;
import io.hawser.reconnect.Backoff;
import io.hawser.reconnect.CircuitBreaker;
import io.hawser.reconnect.CircuitBreakerOptions;
import io.hawser.reconnect.CircuitBreaking;
import io.hawser.reconnect.Decision;
import io.hawser.reconnect.LinkOptions;
import io.hawser.reconnect.OutboxOptions;
import io.hawser.reconnect.PoolOptions;
import io.hawser.tcp.Tcp;
import io.hawser.testkit.FaultProxy;
import io.hawser.testkit.RunningFaultProxy;
import io.hawser.tls.ClientAuth;
import io.hawser.tls.ClientTls;
import io.hawser.tls.ServerTls;
import io.hawser.tls.Tls;
import io.hawser.tls.TlsFailure;
import io.hawser.tls.TlsIdentity;
import io.hawser.udp.Udp;
import io.hawser.unix.Peers;
import io.hawser.unix.SocketFile;
import io.hawser.unix.Unix;
import io.hawser.unix.UnixDatagram;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import kotlinx.coroutines.GlobalScope;
import org.slf4j.LoggerFactory;

/** What the page for Java shows, each piece as it stands there. */
final class JavaTour {
    private JavaTour() {}

    static BlockingServer echo() throws Exception {
        BlockingServer server =
                Blocking.server(Tcp.server("127.0.0.1", 0)).start(connection -> connection.copyTo(connection));
        return server;
    }

    static String hello(int port) throws Exception {
        try (BlockingConnection connection =
                Blocking.client(Tcp.client("127.0.0.1", port)).connect()) {
            connection.writeLine("hello");
            return connection.readLine();
        }
    }

    static void end(BlockingServer server) throws Exception {
        server.shutdown(Duration.ofSeconds(5)); // 1. let the handlers finish, then cut; reports how many of each
        server.close(); // 2. cut at once
    }

    static ServerOptions options(Set<SocketAddress> banned) {
        ServerOptions options = ServerOptions.builder()
                .maxConnections(10_000) // more are refused and reported; or whenFull(WhenFull.Pause)
                .maxConnectionsPerHost(100)
                .acceptRate(1_000) // a second; who comes faster waits in the backlog
                .acceptRatePerHost(20) // who comes faster from one address is refused
                .readRate(1_000_000) // bytes a second of each; totalReadRate of all together; writeRate, totalWriteRate
                .admission(Admission.allow("10.0.0.0/8", "127.0.0.1")
                        .and(candidate -> !banned.contains(candidate.getRemote())))
                .handshakeTimeout(Duration.ofSeconds(5)) // default 10 s
                .readTimeout(Duration.ofSeconds(30)) // a read that waits longer fails; the connection goes on
                .writeTimeout(Duration.ofSeconds(30)) // a peer that takes nothing for so long is reset
                .idleTimeout(Duration.ofMinutes(5)) // no byte in either direction: closed
                .onDrain(OnDrain.EndInput)
                .socket(SocketOptions.builder().keepAlive(true).build())
                .onEvent(new EventLogger(LoggerFactory.getLogger("sockets")))
                .build();
        return options;
    }

    static String byName() throws Exception {
        try (BlockingServer server =
                Blocking.server(Hawser.streamServer("tcp://127.0.0.1:0")).start(it -> it.copyTo(it))) {
            StreamClient client = Hawser.streamClient(server.getEndpoint());
            try (BlockingConnection connection = Blocking.client(client).connect()) {
                connection.writeLine("by name");
                return connection.readLine();
            }
        }
    }

    static String once(String host, int port) throws Exception {
        String answer = Blocking.client(Tcp.client(host, port))
                .once("status\n".getBytes(UTF_8), Duration.ofSeconds(5), BlockingConnection::readLine);
        return answer;
    }

    static String unix(Path path) throws Exception {
        ServerOptions options =
                ServerOptions.builder().admission(Peers.peerUid(0, 1000)).build();
        StreamServer unix = Unix.server(
                path, options, SocketFile.builder().permissions("rw-rw----").build());
        try (BlockingServer server = Blocking.server(unix).start(connection -> {
                    connection.writeLine("uid "
                            + Peers.getPeerCredentials(connection.unwrap()).getUid());
                });
                BlockingConnection connection =
                        Blocking.client(Unix.client(path)).connect()) {
            return connection.readLine();
        }
    }

    static void frames(BlockingConnection connection) throws Exception {
        BlockingFramed<byte[]> frames = connection.framed(new LengthPrefix(4, 1 << 20));
        for (byte[] frame = frames.receive(); frame != null; frame = frames.receive()) frames.send(frame);
    }

    static void numbers(BlockingConnection connection) throws Exception {
        BlockingFramed<Long> numbers = connection.framed(new Lines(20).map(Long::valueOf, number -> "" + number));
        numbers.sendAll(List.of(1L, 2L, 3L));
    }

    static BlockingLink stayConnected(int port, BlockingQueue<String> news) throws Exception {
        LinkOptions options = LinkOptions.builder()
                .backoff(Backoff.exponential(Duration.ofMillis(100), Duration.ofSeconds(30))
                        .jittered()
                        .upTo(50))
                .resetAfter(Duration.ofSeconds(10)) // a session that lasted as long makes failures count from one again
                .outbox(OutboxOptions.builder()
                        .maxMessages(1_000)
                        .build()) // what is sent while nobody is connected waits
                .build();
        LinkHooks hooks = new LinkHooks() {
            @Override
            public void onConnect(BlockingConnection connection) throws Exception {
                connection.writeLine("me");
            }

            @Override
            public Decision onError(Throwable failure) {
                return failure instanceof TlsFailure ? Decision.Stop.INSTANCE : Decision.Retry.INSTANCE;
            }
        };
        BlockingLink link = Blocking.link(Tcp.client("127.0.0.1", port), options, hooks)
                .start(connection -> {
                    for (String line = connection.readLine(); line != null; line = connection.readLine())
                        news.add(line);
                }); // once per connection
        link.send("subscribe\n".getBytes(UTF_8)); // Sent, Queued or Dropped
        return link;
    }

    static String pool(int port) throws Exception {
        CircuitBreaker breaker =
                new CircuitBreaker(CircuitBreakerOptions.builder().failures(5).build());
        StreamClient client = CircuitBreaking.guardedBy(Tcp.client("127.0.0.1", port), breaker);
        BlockingPool pool = Blocking.pool(
                        client, PoolOptions.builder().maxConnections(4).build())
                .start();
        String answer = pool.withConnection(connection -> {
            connection.writeLine("status");
            return connection.readLine();
        });
        pool.shutdown(Duration.ofSeconds(1));
        return answer;
    }

    static String tls(Path certificate, Path key, Path authority) throws Exception {
        ServerTls serverTls = ServerTls.builder()
                .identity(TlsIdentity.watching(certificate, key))
                .build();
        ClientTls clientTls = ClientTls.builder().trust(authority).build();
        try (BlockingServer server = Blocking.server(Tls.tls(Tcp.server("127.0.0.1", 0), serverTls))
                        .start(connection -> connection.copyTo(connection));
                BlockingConnection connection = Blocking.client(
                                Tls.tls(Tcp.client("localhost", server.getPort()), clientTls))
                        .connect()) {
            connection.writeLine("secret");
            return connection.readLine();
        }
    }

    static BlockingServer mutualTls(Path certificate, Path key, Path authority) throws Exception {
        ServerTls serverTls = ServerTls.builder()
                .identity(certificate, key)
                .clientAuth(ClientAuth.Required)
                .trust(authority)
                .alpn("greeting/1")
                .build();
        BlockingServer server = Blocking.server(Tls.tls(Tcp.server("127.0.0.1", 0), serverTls))
                .start(connection -> {
                    X509Certificate guest = Tls.getTlsSession(connection.unwrap())
                            .getPeerCertificates()
                            .get(0);
                    connection.writeLine("good day, " + guest.getSubjectX500Principal());
                });
        return server;
    }

    static String upgrade(BlockingConnection plain, ClientTls clientTls) throws Exception {
        plain.writeLine("STARTTLS");
        if (!"go ahead".equals(plain.readLine())) throw new IllegalStateException("no TLS there");
        Connection upgraded = Blocking.await(it -> Tls.startTls(plain.unwrap(), clientTls, "localhost", it));
        BlockingConnection secure = Blocking.connection(upgraded);
        secure.writeLine("secret");
        return secure.readLine();
    }

    static Datagram datagrams() throws Exception {
        try (BlockingDatagramServer server = Blocking.server(Udp.server("127.0.0.1", 0))
                .start((datagram, reply) -> reply.send(datagram.getBytes()))) {
            return Blocking.client(Udp.client("127.0.0.1", server.getPort()))
                    .request("status".getBytes(UTF_8), Duration.ofSeconds(1));
        }
    }

    static Datagram unixDatagrams(Path path) throws Exception {
        try (BlockingDatagramServer server = Blocking.server(UnixDatagram.server(path))
                        .start((datagram, reply) -> {
                            if (datagram.getCanReply()) reply.send(datagram.getBytes());
                        });
                BlockingDatagramSocket socket =
                        Blocking.client(UnixDatagram.client(path)).open()) {
            socket.send("ERROR: disk full".getBytes(UTF_8));
            return Blocking.client(UnixDatagram.client(path, UnixDatagram.AUTO))
                    .request("status".getBytes(UTF_8), Duration.ofSeconds(1));
        }
    }

    static Throwable behindAProxy(BlockingServer server) throws Exception {
        FaultProxy faults = FaultProxy.to(Tcp.client("127.0.0.1", server.getPort()), 42);
        try (RunningFaultProxy proxy = Blocking.await(it -> faults.start(GlobalScope.INSTANCE, it));
                BlockingConnection connection = Blocking.client(Tcp.client("127.0.0.1", proxy.getPort()))
                        .connect()) {
            proxy.setLatency(Duration.ofMillis(20));
            proxy.setJitter(Duration.ofMillis(10));
            proxy.setSliceTo(3);
            connection.writeLine("slowly");
            assertEquals("slowly", connection.readLine());
            proxy.resetAll();
            return assertThrows(ConnectionReset.class, connection::readLine);
        }
    }
}
