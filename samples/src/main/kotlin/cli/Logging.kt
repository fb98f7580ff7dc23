package io.hawser.samples.cli

private const val LEVEL = "org.slf4j.simpleLogger.defaultLogLevel"

/** To be called before the first logger is made, which reads it. Who sets the property itself on the command line knows better. */
internal fun logQuietlyUnless(verbose: Boolean) {
    if (System.getProperty(LEVEL) == null) System.setProperty(LEVEL, if (verbose) "debug" else "warn")
}
