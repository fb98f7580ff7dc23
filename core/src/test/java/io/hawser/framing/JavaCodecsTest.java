package io.hawser.framing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.hawser.Connection;
import io.hawser.Endpoint;
import io.hawser.FrameTooLarge;
import io.hawser.MalformedFrame;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

/** What Java sees of codecs: constructors, functions of java.util, checked failures, an interface to implement. */
class JavaCodecsTest {
    private static final Endpoint PEER = Endpoint.parse("tcp://peer.example:7");

    @Test
    void makesCodecs() {
        assertEquals(new Lines(), new Lines(65_536, Lines.Ending.LF));
        assertEquals(10, new Lines(10).getMaxLength());
        assertEquals("Delimiter(00, up to 65536 bytes)", new Delimiter(new byte[] {0}).toString());
        assertEquals(7, new Delimiter(new byte[] {0}, 7).getMaxLength());
        assertEquals(new LengthPrefix(), new LengthPrefix(4, 1 << 20, ByteOrder.BIG_ENDIAN, false));
        assertEquals(new LengthPrefix(2), new LengthPrefix(2, 65_535));
        assertEquals(LengthPrefix.varint(), LengthPrefix.varint(1 << 20, false));
        assertEquals(3, new FixedLength(3).getLength());
        BiFunction<Connection, FrameCodec<String>, Framed<String>> framed = Framing::framed;
        assertInstanceOf(BiFunction.class, framed);
    }

    @Test
    void decodesAndEncodesWithoutAConnection() throws Exception {
        ByteBuffer bytes = ByteBuffer.wrap("one\ntwo".getBytes(UTF_8));
        assertEquals("one", new Lines().decode(bytes, 0, PEER));
        assertNull(new Lines().decode(bytes, 0, PEER));
        assertEquals(3, bytes.remaining());
        ByteBuffer[] pieces = new LengthPrefix(1).encode(new byte[] {5}, PEER);
        assertEquals(ByteBuffer.wrap(new byte[] {1}), pieces[0]);
        assertArrayEquals(new byte[] {5}, pieces[1].array());
        assertThrows(FrameTooLarge.class, () -> new LengthPrefix(1, 0).encode(new byte[] {5}, PEER));
    }

    @Test
    void makesFramesOfItsOwnType() throws Exception {
        FrameCodec<BigInteger> numbers = new Lines().map(BigInteger::new, BigInteger::toString);
        assertEquals(ByteBuffer.wrap("12\n".getBytes(UTF_8)), numbers.encode(BigInteger.valueOf(12), PEER)[0]);
        ByteBuffer bytes = ByteBuffer.wrap("x\n7\n".getBytes(UTF_8));
        MalformedFrame failure = assertThrows(MalformedFrame.class, () -> numbers.decode(bytes, 0, PEER));
        assertInstanceOf(NumberFormatException.class, failure.getCause());
        assertEquals(PEER, failure.getEndpoint());
        assertEquals(BigInteger.valueOf(7), numbers.decode(bytes, 0, PEER));
    }

    @Test
    void writesACodec() throws Exception {
        FrameCodec<Integer> ints = new FrameCodec<>() {
            @Override
            public Integer decode(ByteBuffer bytes, int seen, Endpoint peer) {
                return bytes.remaining() < Integer.BYTES ? null : bytes.getInt();
            }

            @Override
            public ByteBuffer[] encode(Integer frame, Endpoint peer) {
                return new ByteBuffer[] {ByteBuffer.allocate(Integer.BYTES).putInt(0, frame)};
            }
        };
        assertEquals("a frame", ints.expected(ByteBuffer.allocate(1)));
        FrameCodec<String> texts = ints.map(Object::toString, Integer::valueOf);
        assertEquals("258", texts.decode(ByteBuffer.wrap(new byte[] {0, 0, 1, 2}), 0, PEER));
    }
}
