package io.hawser.samples.connect

import java.io.IOException

/** Standard output does not take what came. */
internal class OutputLost(cause: IOException) : IOException("cannot write to standard output: ${cause.message}", cause)

/** Standard input cannot be read. */
internal class InputLost(cause: IOException) : IOException("cannot read standard input: ${cause.message}", cause)
