package io.hawser.messaging

import java.net.InetAddress
import java.net.ServerSocket
import kotlin.random.Random

/** [count] ports in a row that were free a moment ago, below those that systems give to whoever names none: nobody gets them by chance. */
internal fun freePorts(count: Int): IntRange = generateSequence { Random.nextInt(20_000, 32_000) }
    .map { first -> first until first + count }
    .first { ports ->
        ports.all { port -> runCatching { ServerSocket(port, 1, InetAddress.getLoopbackAddress()).close() }.isSuccess }
    }
