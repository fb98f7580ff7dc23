package io.hawser.benchmarks.server

import io.hawser.benchmarks.Options
import io.hawser.benchmarks.Tools

/** `src/main/go/echo.go`: Go's `net`, a goroutine for each connection. */
internal object GoNet : Contestant {
    override val name: String = "go"

    override fun command(tools: Tools, options: Options): List<String> = listOf("${tools.compileGo("echo")}")
}
