package io.hawser.benchmarks.server

import io.hawser.benchmarks.Tools
import java.nio.file.Path

/** `src/main/c/server*.c`: the ceiling. Datagrams need no epoll: it waits in each call. */
internal object CEpoll : Contestant {
    override val name: String = "c-epoll"
    override val services: Set<String> = tcpServices + otherServices

    override fun command(tools: Tools, jvm: List<String>, service: String, file: Path): List<String> =
        listOf("${tools.compileC("server")}", service, "$file")

    override fun version(tools: Tools): String = tools.run("cc", "--version").lines().first()
}
