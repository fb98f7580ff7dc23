package io.hawser.tcp

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

private val tcp = ContractTransport(
    server = { options -> Tcp.server(ownHost, port = 0, options) },
    client = { server, options -> Tcp.client(ownHost, server.port, options) },
    successor = { server -> Tcp.server(ownHost, server.port) },
)
private val tcpOnLoop get() = tcp.inContext(EventLoopGroup.shared.next())

class TcpConnectionSpec : ConnectionContract(tcp)

class TcpConnectionOnLoopSpec : ConnectionContract(tcpOnLoop)

class TcpHelpersSpec : HelpersContract(tcp)

class TcpHelpersOnLoopSpec : HelpersContract(tcpOnLoop)

class TcpFramingSpec : FramingContract(tcp)

class TcpFrameFailuresSpec : FrameFailuresContract(tcp)

class TcpFramingOnLoopSpec : FramingContract(tcpOnLoop)

class TcpFrameFailuresOnLoopSpec : FrameFailuresContract(tcpOnLoop)

class TcpWakeReaderSpec : WakeReaderContract(tcp)

class TcpWokenSpec : WokenConnectionContract(tcp)

class TcpWakeReaderOnLoopSpec : WakeReaderContract(tcpOnLoop)

class TcpWokenOnLoopSpec : WokenConnectionContract(tcpOnLoop)

class TcpServerSpec : ServerContract(tcp)

class TcpServerOnLoopSpec : ServerContract(tcpOnLoop)

class TcpShutdownSpec : ShutdownContract(tcp)

class TcpShutdownOnLoopSpec : ShutdownContract(tcpOnLoop)

class TcpAdmissionSpec : AdmissionContract(tcp)

class TcpAdmissionOnLoopSpec : AdmissionContract(tcpOnLoop)

class TcpEventsSpec : EventsContract(tcp)

class TcpEventsOnLoopSpec : EventsContract(tcpOnLoop)

class TcpExchangeSpec : ExchangeContract(tcp)

class TcpExchangeOnLoopSpec : ExchangeContract(tcpOnLoop)

class TcpTimeSpec : TimeContract(tcp)

class TcpTimeOnLoopSpec : TimeContract(tcpOnLoop)

class TcpDrainSpec : DrainContract(tcp)

class TcpDrainOnLoopSpec : DrainContract(tcpOnLoop)

class TcpLinkSpec : LinkContract(tcp)

class TcpLinkOnLoopSpec : LinkContract(tcpOnLoop)

class TcpPoolSpec : PoolContract(tcp)

class TcpPoolOnLoopSpec : PoolContract(tcpOnLoop)

class TcpKtorChannelsSpec : KtorChannelsContract(tcp)

class TcpKtorChannelsOnLoopSpec : KtorChannelsContract(tcpOnLoop)
