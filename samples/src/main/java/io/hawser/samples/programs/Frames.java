package io.hawser.samples.programs;

import io.hawser.Endpoint;
import io.hawser.SocketFailure;
import io.hawser.framing.FrameCodec;
import io.hawser.framing.LengthPrefix;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** A codec without a connection: what it makes of messages, and what it makes of bytes, wherever those come from. */
public final class Frames {
    private static final Endpoint HERE = Endpoint.parse("memory:here");

    private Frames() {}

    public static void main(String[] args) throws SocketFailure {
        FrameCodec<String> codec = LengthPrefix.varint(1024)
                .map(bytes -> new String(bytes, StandardCharsets.UTF_8), text -> text.getBytes(StandardCharsets.UTF_8));

        ByteBuffer bytes = ByteBuffer.allocate(100);
        for (String message : new String[] {"one", "", "three"}) {
            for (ByteBuffer piece : codec.encode(message, HERE)) {
                bytes.put(piece);
            }
        }
        bytes.flip();
        System.out.println(bytes.remaining() + " bytes");

        String message = codec.decode(bytes, 0, HERE);
        while (message != null) {
            System.out.println("\"" + message + "\"");
            message = codec.decode(bytes, 0, HERE);
        }
    }
}
