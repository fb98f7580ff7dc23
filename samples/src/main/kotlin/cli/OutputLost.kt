package io.hawser.samples.cli

import java.io.IOException

/** Standard output does not take what was to be printed. */
internal class OutputLost(why: String? = null, cause: IOException? = null) :
    IOException("cannot write to standard output${if (why == null) "" else ": $why"}", cause)
