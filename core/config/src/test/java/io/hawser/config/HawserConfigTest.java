package io.hawser.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hawser.StreamServer;
import io.hawser.messaging.MessageHub;
import io.hawser.reconnect.Pool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HawserConfigTest {
    @TempDir
    Path folder;

    private Path file(String... lines) throws IOException {
        return Files.write(folder.resolve("app.toml"), List.of(lines));
    }

    @Test
    void aServerAndAPoolHaveWhatTheirTablesSay() throws IOException {
        Path path = file(
                "[server.api]",
                "endpoint = 'tcp://127.0.0.1:0'",
                "idle-timeout = '25s'",
                "[client.db]",
                "endpoint = 'tcp://db.example:5432'",
                "pool.max-connections = 2",
                "[hub.api]",
                "max-clients = 3");
        HawserConfig config = HawserConfig.load(path);
        StreamServer server = config.server("api");
        Pool pool = config.pool("db");
        assertEquals(Duration.ofSeconds(25), server.getOptions().getIdleTimeout());
        assertEquals(2, pool.getOptions().getMaxConnections());
        assertEquals(3, config.get(MessageHub.class, "api").getOptions().getMaxClients());
        assertEquals(List.of("api"), config.names("server"));
        assertEquals(
                "server \"web\" is not there: there are api",
                assertThrows(IllegalArgumentException.class, () -> config.server("web"))
                        .getMessage());
    }

    @Test
    void theEnvironmentAndCodeGoOverTheFile() throws IOException {
        HawserConfig config = HawserConfig.builder()
                .file(file("[server.api]", "endpoint = 'tcp://127.0.0.1:0'", "backlog = 1", "max-connections = 1"))
                .environment(Map.of("HAWSER_SERVER_API_MAX_CONNECTIONS", "2"))
                .set("server.api.idle-timeout", "3s")
                .server("api", builder -> builder.backlog(4))
                .load();
        assertEquals(2, config.server("api").getOptions().getMaxConnections());
        assertEquals(Duration.ofSeconds(3), config.server("api").getOptions().getIdleTimeout());
        assertTrue(config.describe().contains("backlog = 4 # code"), config::describe);
    }

    @Test
    void whatIsWrongIsToldWithItsPlace() throws IOException {
        Path path = file("[server.api]", "endpoint = 'tcp://127.0.0.1:0'", "backlog = 0");
        InvalidConfiguration failure = assertThrows(InvalidConfiguration.class, () -> HawserConfig.load(path));
        ConfigProblem problem = failure.getProblems().get(0);
        assertEquals("server.api.backlog", problem.getKey());
        assertEquals(3, ((Origin.File) problem.getOrigin()).getLine());
    }
}
