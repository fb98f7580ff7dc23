package io.hawser.samples.programs;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hawser.Hawser;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingConnection;
import io.hawser.blocking.BlockingFramed;
import io.hawser.blocking.BlockingServer;
import io.hawser.framing.FrameCodec;
import io.hawser.framing.LengthPrefix;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** Requests and replies in Java, of a type of their own, each in a frame with its length before it, many on one connection. */
public final class RequestReply {
    private static final FrameCodec<Division> DIVISIONS =
            new LengthPrefix(2, 2 * Integer.BYTES).map(Division::parse, Division::bytes);
    private static final FrameCodec<String> ANSWERS =
            new LengthPrefix(2, 200).map(bytes -> new String(bytes, UTF_8), text -> text.getBytes(UTF_8));

    private RequestReply() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        try (BlockingServer server = Blocking.server(Hawser.streamServer("tcp://127.0.0.1:0"))
                        .start(RequestReply::divide);
                BlockingConnection connection = Blocking.client(Hawser.streamClient(server.getEndpoint()))
                        .connect()) {
            connection.framed(DIVISIONS).sendAll(List.of(new Division(84, 2), new Division(1, 0), new Division(-7, 2)));
            BlockingFramed<String> answers = connection.framed(ANSWERS);
            for (int i = 0; i < 3; i++) System.out.println(answers.receive());
        }
    }

    private static void divide(BlockingConnection connection) throws IOException, InterruptedException {
        BlockingFramed<Division> divisions = connection.framed(DIVISIONS);
        for (Division next = divisions.receive(); next != null; next = divisions.receive())
            connection.framed(ANSWERS).send(next.answer());
    }

    private record Division(int dividend, int divisor) {
        static Division parse(byte[] bytes) {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            return new Division(buffer.getInt(), buffer.getInt());
        }

        byte[] bytes() {
            return ByteBuffer.allocate(2 * Integer.BYTES)
                    .putInt(dividend)
                    .putInt(divisor)
                    .array();
        }

        String answer() {
            if (divisor == 0) return "division of " + dividend + " by zero";
            return dividend + " : " + divisor + " = " + dividend / divisor;
        }
    }
}
