package io.hawser.messaging;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.hawser.Endpoint;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Messages as Java has them. */
class MessageFromJavaTest {
    private static final Clock CLOCK = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);

    record Step(int number) {}

    @Test
    @DisplayName("messages are made, encoded and decoded")
    void roundTrip() throws Exception {
        Message message = Message.of("progress", Map.of("step", 1, "of", List.of("build", "link")));
        assertEquals(Map.of("step", 1L, "of", List.of("build", "link")), message.getData());
        Endpoint peer = Endpoint.parse("tcp://127.0.0.1:7");
        ByteBuffer[] encoded = new MessageCodec().encode(message, peer);
        assertEquals(1, encoded.length);
        assertEquals(message, new MessageCodec(4096).decode(encoded[0].duplicate(), 0, peer));
    }

    @Test
    @DisplayName("times, types and arrays are what they were said to be")
    void parts() {
        Message message = Message.of("progress", Map.of("bytes", new byte[] {1}), MessageType.ERROR, CLOCK);
        assertEquals("1970-01-01T00:00:00.000+00:00", message.getTimestampIso());
        assertEquals(0, message.getTimestampMs());
        assertEquals(MessageType.ERROR, message.getType());
        assertArrayEquals(new byte[] {1}, (byte[]) message.getData().get("bytes"));
    }

    @Test
    @DisplayName("a codec makes messages of payloads")
    void payloads() {
        PayloadCodec<Step> steps = PayloadCodec.of(
                step -> Map.of("number", step.number()), data -> new Step(Math.toIntExact((Long) data.get("number"))));
        Message message = Message.of("progress", new Step(3), steps);
        assertEquals(new Step(3), message.payload(steps));
    }
}
