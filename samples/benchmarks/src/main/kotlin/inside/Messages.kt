package io.hawser.benchmarks.inside

import io.hawser.Connection
import io.hawser.framing.LengthPrefix
import io.hawser.framing.framed
import java.nio.ByteBuffer

/** What two connections send each other, 64 bytes at a time. The loops are in here so that no call of ours comes between. */
internal enum class Messages {
    BYTES {
        override suspend fun ask(connection: Connection, times: Int) {
            val buffer = ByteBuffer.allocateDirect(SIZE)
            repeat(times) {
                connection.write(buffer.clear())
                check(connection.read(buffer.clear()) == SIZE)
            }
        }

        override suspend fun answer(connection: Connection) {
            val buffer = ByteBuffer.allocateDirect(SIZE)
            while (connection.read(buffer.clear()) > 0) connection.write(buffer.flip())
        }
    },

    LINES {
        override suspend fun ask(connection: Connection, times: Int) {
            val line = "x".repeat(SIZE - 1)
            repeat(times) {
                connection.writeLine(line)
                checkNotNull(connection.readLine())
            }
        }

        override suspend fun answer(connection: Connection) {
            while (true) connection.writeLine(connection.readLine() ?: break)
        }
    },

    FRAMES {
        override suspend fun ask(connection: Connection, times: Int) {
            val framed = connection.framed(codec)
            val frame = ByteArray(SIZE - PREFIX)
            repeat(times) {
                framed.send(frame)
                checkNotNull(framed.receive())
            }
        }

        override suspend fun answer(connection: Connection) {
            val framed = connection.framed(codec)
            while (true) framed.send(framed.receive() ?: break)
        }
    }, ;

    /** Says one and waits for the answer, [times] over. */
    abstract suspend fun ask(connection: Connection, times: Int)

    /** Says each again until the peer's end. */
    abstract suspend fun answer(connection: Connection)

    private companion object {
        const val SIZE = 64
        const val PREFIX = 4
        val codec = LengthPrefix(PREFIX)
    }
}
