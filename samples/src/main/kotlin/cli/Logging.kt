package io.hawser.samples.cli

private const val LEVEL = "org.slf4j.simpleLogger.defaultLogLevel"
private const val OF_SERVERS = "org.slf4j.simpleLogger.log.io.hawser.samples.serve"

/** To be called before the first logger is made, which reads it. Who sets the property itself on the command line knows better. */
internal fun logQuietlyUnless(verbose: Boolean) {
    if (System.getProperty(LEVEL) != null) return
    System.setProperty(LEVEL, if (verbose) "debug" else "warn")
    // A certificate that was renewed is no warning, and yet what its operator waits for.
    if (!verbose) System.setProperty(OF_SERVERS, "info")
}
