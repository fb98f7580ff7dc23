package io.hawser.benchmarks.inside

import io.hawser.Endpoint
import org.openjdk.jmh.annotations.Benchmark
import org.openjdk.jmh.annotations.Param
import org.openjdk.jmh.annotations.Setup

/** An operation reads the text of one endpoint, or writes it. */
public open class Endpoints : InsideBenchmark() {
    @Param("tcp://localhost:8080", "tcp://[fe80::1%eth0]:8080", "unix:/run/hawser.sock", "@hawser")
    private lateinit var text: String

    private lateinit var endpoint: Endpoint

    @Setup
    public fun read() {
        endpoint = Endpoint.parse(text)
    }

    @Benchmark
    public fun parse(): Endpoint = Endpoint.parse(text)

    @Benchmark
    public fun print(): String = endpoint.toString()
}
