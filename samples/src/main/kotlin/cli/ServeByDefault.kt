package io.hawser.samples.cli

import java.util.Stack
import picocli.CommandLine.IParameterPreprocessor
import picocli.CommandLine.Model.ArgSpec
import picocli.CommandLine.Model.CommandSpec

private const val SERVE = "serve"
private const val VERBOSE = "--verbose"
private val aboutItself = setOf("-h", "--help", "-V", "--version")

/** Has a command that is given no other one serve. */
internal class ServeByDefault : IParameterPreprocessor {
    override fun preprocess(args: Stack<String>, commandSpec: CommandSpec, argSpec: ArgSpec?, info: MutableMap<String, Any>): Boolean {
        val first = args.lastOrNull { it != VERBOSE }
        if (first == null || (first.startsWith("-") && first !in aboutItself)) args.push(SERVE)
        return false
    }
}
