package io.hawser.micrometer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hawser.StreamClient;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingServer;
import io.hawser.reconnect.CircuitBreaker;
import io.hawser.tcp.Tcp;
import io.hawser.testkit.Memory;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Meters as Java has them. */
class MetricsFromJavaTest {
    @Test
    @DisplayName("a server is measured until it ends")
    void server() throws Exception {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        try (BlockingServer server =
                Blocking.server(Tcp.server("127.0.0.1", 0)).start(connection -> connection.copyTo(connection))) {
            ServerMetrics metrics = new ServerMetrics(server.unwrap(), Tags.of("service", "echo"));
            metrics.bindTo(registry);
            assertEquals(
                    1,
                    registry.get("hawser.server.accepting")
                            .tag("service", "echo")
                            .gauge()
                            .value());
            metrics.close();
        }
        assertTrue(registry.getMeters().isEmpty());
    }

    @Test
    @DisplayName("clients and circuit breakers are measured until that is closed")
    void client() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        StreamClient client = Memory.client("nobody");
        for (HawserMetrics metrics :
                List.of(new ClientMetrics(client), new CircuitBreakerMetrics(new CircuitBreaker(), "db"))) {
            metrics.bindTo(registry);
            assertTrue(!registry.getMeters().isEmpty());
            metrics.close();
        }
        assertTrue(registry.getMeters().isEmpty());
    }
}
