package io.hawser.benchmarks.server

import io.hawser.benchmarks.Options
import io.hawser.benchmarks.Tools

/** `src/main/c/epoll_echo.c`: the ceiling. */
internal object CEpoll : Contestant {
    override val name: String = "c-epoll"

    override fun command(tools: Tools, options: Options): List<String> = listOf("${tools.compileC("epoll_echo")}")
}
