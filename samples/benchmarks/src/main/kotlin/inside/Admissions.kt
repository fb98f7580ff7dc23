package io.hawser.benchmarks.inside

import io.hawser.Admission
import io.hawser.Candidate
import java.net.InetSocketAddress
import org.openjdk.jmh.annotations.Benchmark
import org.openjdk.jmh.annotations.Param

/** An operation is one candidate who is let in, by the last block of the rule where it lists whom it allows. */
public open class Admissions : InsideBenchmark() {
    @Param
    private lateinit var rule: Rule

    private val local = InetSocketAddress("10.0.0.1", 80)

    @Benchmark
    public fun admit(): Boolean = rule.admission.admits(Candidate(local, rule.admitted))
}

/** Rules over blocks of 256 addresses, and whom they let in. */
internal enum class Rule(val admission: Admission, admitted: String) {
    ALLOW_1(Admission.allow(*blocks(1)), address(0)),
    ALLOW_10(Admission.allow(*blocks(10)), address(9)),
    ALLOW_1000(Admission.allow(*blocks(1000)), address(999)),
    DENY_10(Admission.deny(*blocks(10)), address(10)),
    ALLOW_10_AND_DENY_1(Admission.allow(*blocks(10)) and Admission.deny(*blocks(1)), address(9)),
    ;

    val admitted = InetSocketAddress(admitted, 1)
}

private fun blocks(count: Int): Array<String> = Array(count) { "${network(it)}.0/24" }

private fun address(block: Int): String = "${network(block)}.7"

private fun network(block: Int): String = "10.${block / 256}.${block % 256}"
