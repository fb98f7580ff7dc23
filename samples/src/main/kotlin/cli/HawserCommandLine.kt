package io.hawser.samples.cli

import io.hawser.Admission
import io.hawser.Endpoint
import io.hawser.copyTo
import io.hawser.messaging.WhenSlow
import io.hawser.samples.broker.BrokerArguments
import io.hawser.samples.broker.BrokerClientArguments
import io.hawser.samples.broker.BrokerProvideArguments
import io.hawser.samples.broker.BrokerRequestArguments
import io.hawser.samples.broker.BrokerServeArguments
import io.hawser.samples.broker.BrokerStatsArguments
import io.hawser.samples.broker.provide
import io.hawser.samples.broker.request
import io.hawser.samples.broker.serveBroker
import io.hawser.samples.broker.stats
import io.hawser.samples.connect.ConnectArguments
import io.hawser.samples.connect.StandardError
import io.hawser.samples.connect.StandardInput
import io.hawser.samples.connect.StandardOutput
import io.hawser.samples.connect.TargetArguments
import io.hawser.samples.connect.connect
import io.hawser.samples.connect.stayConnected
import io.hawser.samples.demo.Demo
import io.hawser.samples.demo.DemoArguments
import io.hawser.samples.demo.Progress
import io.hawser.samples.echo.EchoArguments
import io.hawser.samples.health.HealthArguments
import io.hawser.samples.health.checkHealth
import io.hawser.samples.hub.HubArguments
import io.hawser.samples.hub.HubListenArguments
import io.hawser.samples.hub.HubSendArguments
import io.hawser.samples.hub.HubServeArguments
import io.hawser.samples.hub.listen
import io.hawser.samples.hub.send
import io.hawser.samples.hub.serveHub
import io.hawser.samples.relay.RelayArguments
import io.hawser.samples.relay.relaying
import io.hawser.samples.serve.ServingArguments
import io.hawser.samples.serve.serve
import io.hawser.samples.serve.serveDatagrams
import io.hawser.samples.tls.TrustArguments
import io.hawser.samples.top.TopArguments
import io.hawser.samples.top.top
import java.time.Duration
import picocli.AutoComplete.GenerateCompletion
import picocli.CommandLine
import picocli.CommandLine.Command
import picocli.CommandLine.HelpCommand
import picocli.CommandLine.MissingParameterException
import picocli.CommandLine.Option
import picocli.CommandLine.ParameterException
import picocli.CommandLine.ParseResult
import picocli.CommandLine.ScopeType.INHERIT
import picocli.CommandLine.TypeConversionException
import picocli.CommandLine.UnmatchedArgumentException

@Command(
    name = "hawser",
    description = ["Coroutine sockets for the JVM: see them work, and talk to them."],
    mixinStandardHelpOptions = true,
    versionProvider = ManifestVersion::class,
    sortOptions = false,
    synopsisSubcommandLabel = "COMMAND",
    footer = [
        "",
        "Examples:",
        "  java -jar hawser.jar demo                        see every transport at work",
        "  java -jar hawser.jar echo --on 127.0.0.1:9002    serve until Ctrl-C",
        "  java -jar hawser.jar connect 127.0.0.1:9002      talk to it",
        "  java -jar hawser.jar help echo                   learn about a command",
        "",
        "Completion for bash and zsh:",
        "  alias hawser='java -jar hawser.jar'",
        "  source <(hawser generate-completion)",
    ],
)
internal interface HawserArguments {
    @get:Option(names = ["--verbose"], scope = INHERIT, description = ["Log in detail on stderr, and failures with their stack traces."])
    val verbose: Boolean
}

/** The commands, ready to be executed on [console]; [run] turns a coroutine into a call. */
internal fun hawser(console: Console, termination: Termination, run: (suspend () -> Unit) -> Unit): CommandLine =
    CommandLine(HawserArguments::class.java)
        .addSubcommand("demo", CommandLine(DemoArguments::class.java))
        .addSubcommand("connect", CommandLine(ConnectArguments::class.java))
        .addSubcommand("echo", CommandLine(EchoArguments::class.java))
        .addSubcommand("relay", CommandLine(RelayArguments::class.java))
        .addSubcommand("hub", hub())
        .addSubcommand("broker", broker())
        .addSubcommand("top", CommandLine(TopArguments::class.java))
        .addSubcommand("health", CommandLine(HealthArguments::class.java))
        .addSubcommand("help", CommandLine(HelpCommand::class.java))
        .addSubcommand("generate-completion", CommandLine(GenerateCompletion::class.java))
        .registerConverter(ServerEndpoint::class.java, ::serverEndpoint)
        .registerConverter(ClientEndpoint::class.java, ::clientEndpoint)
        .registerConverter(Duration::class.java, ::duration)
        .registerConverter(LoopCount::class.java, ::loopCount)
        .registerConverter(ConnectionLimit::class.java, ::connectionLimit)
        .registerConverter(MessageLimit::class.java, ::messageLimit)
        .registerConverter(MessageCount::class.java, ::messageCount)
        .registerConverter(EventName::class.java, ::eventName)
        .registerConverter(ChannelId::class.java, ::channelId)
        .registerConverter(CommandLimit::class.java, ::commandLimit)
        .registerConverter(WhenSlow::class.java, ::whenSlow)
        .registerConverter(BlockSize::class.java, ::blockSize)
        .registerConverter(Timeout::class.java, ::timeout)
        .registerConverter(Admission::class.java, ::admission)
        .setExpandAtFiles(false)
        .setOut(console.out)
        .setErr(console.err)
        .setParameterExceptionHandler { e, _ -> console.fail(e.inOneLine(), Console.WRONG_USAGE) }
        .setExecutionStrategy { parsed ->
            CommandLine.executeHelpRequest(parsed) ?: perform(parsed, console) { arguments ->
                when (arguments) {
                    is DemoArguments -> run { Demo(Progress(console.err.takeIf { stderrIsTerminal() })).run(arguments, console.out) }

                    is ConnectArguments -> {
                        parsed.refuseIfMeaningless(arguments)
                        parsed.refuseFaultOfTls(arguments)
                        console.warnOf(arguments.trust)
                        run { connect(arguments, console, termination) }
                    }

                    is EchoArguments -> {
                        parsed.refuseIfMeaningless(arguments)
                        console.warnOfMonitor(arguments)
                        run { echo(arguments, console, termination) }
                    }

                    is RelayArguments -> {
                        parsed.refuseDatagrams("a relay passes connections on", arguments.on.endpoint, arguments.to.endpoint)
                        parsed.refuseIfMeaningless(arguments)
                        arguments.trust?.faultFor(arguments.to.endpoint)?.let(parsed::refuse)
                        console.warnOf(arguments.trust)
                        console.warnOfMonitor(arguments)
                        run { serve(arguments, console, termination) { loops -> relaying(arguments, loops) } }
                    }

                    is HubServeArguments -> {
                        parsed.refuseDatagrams(HUB, arguments.on.endpoint)
                        parsed.refuseIfMeaningless(arguments)
                        console.warnOfMonitor(arguments)
                        run {
                            StandardError(console).use { serveHub(arguments, console, termination, StandardInput(), StandardOutput(), it) }
                        }
                    }

                    is HubListenArguments -> {
                        parsed.refuseDatagrams(HUB, arguments.endpoint.endpoint)
                        parsed.refuseFaultOfTls(arguments)
                        console.warnOf(arguments.trust)
                        run { listen(arguments, console, termination, StandardOutput()) }
                    }

                    is HubSendArguments -> {
                        parsed.refuseDatagrams(HUB, arguments.endpoint.endpoint)
                        parsed.refuseFaultOfTls(arguments)
                        console.warnOf(arguments.trust)
                        run { send(arguments, console, StandardInput()) }
                    }

                    is BrokerServeArguments -> {
                        parsed.refuseDatagrams(BROKER, arguments.on.endpoint)
                        parsed.refuseIfMeaningless(arguments)
                        console.warnOfMonitor(arguments)
                        run { serveBroker(arguments, console, termination) }
                    }

                    is BrokerClientArguments -> {
                        parsed.refuseDatagrams(BROKER, arguments.endpoint.endpoint)
                        parsed.refuseFaultOfTls(arguments)
                        console.warnOf(arguments.trust)
                        when (arguments) {
                            is BrokerProvideArguments -> run { provide(arguments, console, termination, StandardOutput()) }
                            is BrokerRequestArguments -> run { request(arguments, StandardInput(), StandardOutput()) }
                            is BrokerStatsArguments -> run { stats(arguments, StandardOutput()) }
                        }
                    }

                    is TopArguments -> {
                        parsed.refuseDatagrams("a monitor speaks over connections", arguments.endpoint.endpoint)
                        parsed.refuseFaultOfTls(arguments)
                        console.warnOf(arguments.trust)
                        run { top(arguments, console, termination, StandardOutput()) }
                    }

                    is HealthArguments -> {
                        parsed.refuseFaultOfTls(arguments)
                        console.warnOf(arguments.trust)
                        run { checkHealth(arguments, console) }
                    }

                    is GenerateCompletion -> arguments.run()

                    else -> throw ParameterException(parsed.commandSpec().commandLine(), "Missing command")
                }
            }
        }

private const val HUB = "a hub speaks over connections"
private const val BROKER = "a broker speaks over connections"

private fun hub(): CommandLine = CommandLine(HubArguments::class.java)
    .addSubcommand("serve", CommandLine(HubServeArguments::class.java))
    .addSubcommand("listen", CommandLine(HubListenArguments::class.java))
    .addSubcommand("send", CommandLine(HubSendArguments::class.java))
    .addSubcommand("help", CommandLine(HelpCommand::class.java))

private fun broker(): CommandLine = CommandLine(BrokerArguments::class.java)
    .addSubcommand("serve", CommandLine(BrokerServeArguments::class.java))
    .addSubcommand("provide", CommandLine(BrokerProvideArguments::class.java))
    .addSubcommand("request", CommandLine(BrokerRequestArguments::class.java))
    .addSubcommand("stats", CommandLine(BrokerStatsArguments::class.java))
    .addSubcommand("help", CommandLine(HelpCommand::class.java))

private fun perform(parsed: ParseResult, console: Console, command: (Any) -> Unit): Int {
    val verbose = parsed.commandSpec().commandLine().getCommand<HawserArguments>().verbose
    logQuietlyUnless(verbose)
    return try {
        command(parsed.asCommandLineList().last().getCommand())
        Console.DONE
    } catch (_: Told) {
        Console.FAILED
    } catch (e: ParameterException) {
        throw e
    } catch (e: Throwable) {
        if (verbose) e.printStackTrace(console.err)
        console.fail(e.inOneLine())
    }
}

private suspend fun connect(arguments: ConnectArguments, console: Console, termination: Termination) {
    val input = StandardInput()
    val output = StandardOutput()
    if (arguments.reconnect) stayConnected(arguments, console, termination, input, output) else connect(arguments, input, output)
}

private suspend fun echo(arguments: EchoArguments, console: Console, termination: Termination) {
    if (arguments.on.endpoint.isDatagram) {
        serveDatagrams(arguments, console, termination) { if (it.canReply) reply(it.bytes) }
    } else {
        serve(arguments, console, termination) { { it.copyTo(it) } }
    }
}

private fun ParseResult.refuseIfMeaningless(arguments: ServingArguments) {
    val endpoint = arguments.on.endpoint
    if (endpoint is Endpoint.Local && arguments.allow != null) {
        refuse("--allow is about internet addresses, and the peers of $endpoint have none")
    }
    (arguments.faultOfMonitor() ?: arguments.faultOfTls() ?: arguments.faultOfMetrics())?.let(::refuse)
    val option = arguments.aboutConnections().firstOrNull() ?: return
    if (endpoint.isDatagram) refuse("$option is about connections, and there are none to $endpoint")
}

private fun ParseResult.refuseIfMeaningless(arguments: ConnectArguments) {
    val endpoint = arguments.endpoint.endpoint
    if (endpoint.isDatagram && arguments.idleTimeout != null) refuse("--idle-timeout is about connections, and there are none to $endpoint")
    if (endpoint.isDatagram && arguments.reconnect) refuse("--reconnect is about connections, and there are none to $endpoint")
    if (!endpoint.isDatagram && arguments.block != null) refuse("--block is about datagrams, and there are none to $endpoint")
}

private fun ParseResult.refuseFaultOfTls(arguments: TargetArguments) {
    arguments.faultOfTls()?.let(::refuse)
}

private fun ParseResult.refuseDatagrams(what: String, vararg endpoints: Endpoint) {
    endpoints.firstOrNull { it.isDatagram }?.let { refuse("$what, and there are none to $it") }
}

private fun Console.warnOf(trust: TrustArguments?) {
    if (trust?.isInsecure == true) warn("whoever answers is trusted, and whoever sits between can read and alter everything")
}

private fun Console.warnOfMonitor(arguments: ServingArguments) {
    if (arguments.isMonitorOpen) warn("whoever can reach ${arguments.monitor?.endpoint} sees who is connected")
}

private fun ParseResult.refuse(why: String): Nothing = throw ParameterException(asCommandLineList().last(), why)

/** What was wrong, and what is allowed instead. */
private fun ParameterException.inOneLine(): String {
    val command = commandLine
    if (this is MissingParameterException && command.unmatchedArguments.isNotEmpty()) {
        // It may only be missing because its name has a typing error.
        return UnmatchedArgumentException(command, command.unmatchedArguments).inOneLine()
    }
    val commands = command.subcommands.keys
    val allowed = when {
        cause is TypeConversionException -> return "$message"
        this is UnmatchedArgumentException && isUnknownOption -> "usage: ${command.synopsis()}"
        commands.isNotEmpty() -> "commands: ${commands.joinToString()}"
        else -> "usage: ${command.synopsis()}"
    }
    return "${message?.removePrefix("Error: ")} ($allowed)"
}

private fun CommandLine.synopsis(): String = help.synopsis(0).trim().replace(Regex("""\s+"""), " ")
