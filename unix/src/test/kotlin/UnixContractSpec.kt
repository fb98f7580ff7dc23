package io.hawser.unix

import io.hawser.Endpoint
import io.hawser.engine.EventLoopGroup
import io.hawser.testkit.contract.AdmissionContract
import io.hawser.testkit.contract.ConnectionContract
import io.hawser.testkit.contract.ContractTransport
import io.hawser.testkit.contract.DrainContract
import io.hawser.testkit.contract.EventsContract
import io.hawser.testkit.contract.ExchangeContract
import io.hawser.testkit.contract.FrameFailuresContract
import io.hawser.testkit.contract.FramingContract
import io.hawser.testkit.contract.HelpersContract
import io.hawser.testkit.contract.KtorChannelsContract
import io.hawser.testkit.contract.LinkContract
import io.hawser.testkit.contract.PoolContract
import io.hawser.testkit.contract.ServerContract
import io.hawser.testkit.contract.ShutdownContract
import io.hawser.testkit.contract.TimeContract
import io.hawser.testkit.contract.WakeReaderContract
import io.hawser.testkit.contract.WokenConnectionContract
import kotlinx.coroutines.runBlocking

private val path = ContractTransport(
    server = { options -> Unix.server(newPath(), options) },
    client = { server, options -> Unix.client((server.endpoint as Endpoint.Local).name, options) },
    resets = false,
    successor = { server -> Unix.server((server.endpoint as Endpoint.Local).name) },
)
private val pathOnLoop get() = path.inContext(EventLoopGroup.shared.next())

private val abstract = ContractTransport(
    server = { options -> Unix.server(newName(), options) },
    client = { server, options -> Unix.client((server.endpoint as Endpoint.Local).name, options) },
    resets = false,
    successor = { server -> Unix.server((server.endpoint as Endpoint.Local).name) },
)

/** Tests run there too; and it is started before the first of them looks for leaks. */
private val abstractOnLoop get() = abstract.inContext(afUnixLoop())

private fun startedAbstract() = abstract.also { afUnixLoop() }

private fun afUnixLoop() = runBlocking { AfUnixLoops.group(Endpoint.Local(Unix.SCHEME, "@test")).next() }

class PathConnectionSpec : ConnectionContract(path)

class PathConnectionOnLoopSpec : ConnectionContract(pathOnLoop)

class PathHelpersSpec : HelpersContract(path)

class PathHelpersOnLoopSpec : HelpersContract(pathOnLoop)

class PathFramingSpec : FramingContract(path)

class PathFrameFailuresSpec : FrameFailuresContract(path)

class PathWakeReaderSpec : WakeReaderContract(path)

class PathWokenSpec : WokenConnectionContract(path)

class PathServerSpec : ServerContract(path)

class PathServerOnLoopSpec : ServerContract(pathOnLoop)

class PathShutdownSpec : ShutdownContract(path)

class PathShutdownOnLoopSpec : ShutdownContract(pathOnLoop)

class PathAdmissionSpec : AdmissionContract(path)

class PathEventsSpec : EventsContract(path)

class PathExchangeSpec : ExchangeContract(path)

class PathExchangeOnLoopSpec : ExchangeContract(pathOnLoop)

class PathTimeSpec : TimeContract(path)

class PathDrainSpec : DrainContract(path)

class PathDrainOnLoopSpec : DrainContract(pathOnLoop)

class PathLinkSpec : LinkContract(path)

class PathLinkOnLoopSpec : LinkContract(pathOnLoop)

class AbstractConnectionSpec : ConnectionContract(startedAbstract())

class AbstractConnectionOnLoopSpec : ConnectionContract(abstractOnLoop)

class AbstractHelpersSpec : HelpersContract(startedAbstract())

class AbstractFramingSpec : FramingContract(startedAbstract())

class AbstractFrameFailuresSpec : FrameFailuresContract(startedAbstract())

class AbstractWakeReaderSpec : WakeReaderContract(startedAbstract())

class AbstractWokenSpec : WokenConnectionContract(startedAbstract())

class AbstractServerSpec : ServerContract(startedAbstract())

class AbstractServerOnLoopSpec : ServerContract(abstractOnLoop)

class AbstractShutdownSpec : ShutdownContract(startedAbstract())

class AbstractAdmissionSpec : AdmissionContract(startedAbstract())

class AbstractEventsSpec : EventsContract(startedAbstract())

class AbstractExchangeSpec : ExchangeContract(startedAbstract())

class AbstractTimeSpec : TimeContract(startedAbstract())

class AbstractDrainSpec : DrainContract(startedAbstract())

class AbstractLinkSpec : LinkContract(startedAbstract())

class PathPoolSpec : PoolContract(path)

class PathKtorChannelsSpec : KtorChannelsContract(path)

class AbstractPoolSpec :
    PoolContract(startedAbstract())
