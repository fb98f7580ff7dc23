package io.hawser.benchmarks.server

import io.hawser.benchmarks.Tools
import java.nio.file.Path

/** `src/main/go/server.go`: Go's `net` and `crypto/tls`, a goroutine for each connection, one for all datagrams. */
internal object GoNet : Contestant {
    override val name: String = "go"
    override val services: Set<String> = tcpServices + otherServices + TLS_ECHO

    override fun command(tools: Tools, jvm: List<String>, service: String, file: Path): List<String> =
        listOf("${tools.compileGo("server")}", service, "$file")

    /** Of `go version go1.19.8 linux/amd64` what is in the middle. */
    override fun version(tools: Tools): String = "Go ${tools.run("go", "version").split(' ')[2].removePrefix("go")}"
}
