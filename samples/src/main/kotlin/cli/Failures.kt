package io.hawser.samples.cli

import io.hawser.SocketFailure
import io.hawser.samples.demo.DemoFailure
import io.hawser.tls.InvalidTlsConfiguration
import java.io.IOException
import java.nio.file.FileSystemException

/** What its user needs to know of this failure. What nobody foresaw is a bug and says its type, because its message may say nothing. */
internal fun Throwable.inOneLine(): String = when (this) {
    is SocketFailure, is DemoFailure, is InvalidTlsConfiguration -> "$message"
    is FileSystemException -> "$file: ${reason ?: javaClass.simpleName}"
    is IOException -> message ?: javaClass.simpleName
    else -> "$this (--verbose shows where)"
}

/** A command has failed, and has told all that there is to tell. */
internal class Told : Exception()
