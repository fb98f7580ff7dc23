package io.hawser.benchmarks

/** Something that this machine does not have, said in one line. */
internal class Unavailable(override val message: String) : Exception(message)
