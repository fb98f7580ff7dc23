package io.hawser.tcp

import io.hawser.ServerOptions
import io.hawser.WhenFull
import io.hawser.copyTo
import io.hawser.event.ConnectionEvent
import io.hawser.event.ServerEvent
import io.hawser.testkit.Program
import java.io.File
import java.net.InetSocketAddress
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.asFlow
import kotlinx.coroutines.flow.filterNotNull
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.takeWhile
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout

/** An echo server in a process of its own, which prints its port and then each failure in a line. */
object ChildEcho {
    @JvmStatic
    fun main(arguments: Array<String>) = serve(ServerOptions.builder())
}

/** The same, which closes what is idle for a second. */
object IdleChildEcho {
    @JvmStatic
    fun main(arguments: Array<String>) = serve(ServerOptions.builder().apply { idleTimeout = 1.seconds })
}

/** The same, which serves one at a time. */
object PausingChildEcho {
    @JvmStatic
    fun main(arguments: Array<String>) = serve(
        ServerOptions.builder().apply {
            maxConnections = 1
            whenFull = WhenFull.Pause
        },
    )
}

private fun serve(options: ServerOptions.Builder) = runBlocking {
    loadClasses()
    options.onEvent { event ->
        when (event) {
            is ServerEvent.Listening -> println("listening ${(event.address as InetSocketAddress).port}")
            is ServerEvent.AcceptFailed -> println("accept failed ${event.cause}")
            is ConnectionEvent.Failed -> println("failed ${event.cause::class.simpleName}")
            else -> Unit
        }
    }
    val server = Tcp.server("127.0.0.1", port = 0, options.build()).start(this) { it.copyTo(it) }
    server.awaitClosed()
}

/** Classes that come from folders, as they do here and in no deployment, need a descriptor each, and there may be none left. */
private fun loadClasses() {
    // An empty part is the working directory to JDK 25.
    val parts = System.getProperty("java.class.path").split(File.pathSeparator).filter { it.isNotEmpty() }
    for (folder in parts.map(::File).filter { it.isDirectory }) {
        folder.walk().filter { it.extension == "class" }
            .map { it.relativeTo(folder).path.removeSuffix(".class").replace('/', '.') }
            .forEach { Class.forName(it, false, ChildEcho::class.java.classLoader) }
    }
}

/** Runs [block] with the port of the child server [main] under [wrapper]; returns what it printed until then. */
internal suspend fun withChild(main: Any, vararg wrapper: String, block: suspend CoroutineScope.(Program, Int) -> Unit): List<String> =
    withTimeout(HANG) {
        child(main::class.java.name, wrapper.toList()).use { child ->
            var line = checkNotNull(child.line()) { "the server ended before it listened" }
            while (!line.startsWith("listening ")) line = checkNotNull(child.line()) { "the server ended before it listened: $line" }
            val output = async { generateSequence { }.asFlow().map { child.line() }.takeWhile { it != null }.filterNotNull().toList() }
            block(child, line.removePrefix("listening ").toInt())
            child.kill()
            output.await()
        }
    }
