package io.hawser.benchmarks.server

import io.hawser.benchmarks.Tools
import java.nio.file.Path

/** `src/main/c/server*.c`: the ceiling. */
internal object CEpoll : Contestant {
    override val name: String = "c-epoll"
    override val services: Set<String> = tcpServices

    override fun command(tools: Tools, jvm: List<String>, service: String, file: Path): List<String> =
        listOf("${tools.compileC("server")}", service, "$file")

    override fun version(tools: Tools): String = tools.run("cc", "--version").lines().first()
}
