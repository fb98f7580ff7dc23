package io.hawser.tls

import io.hawser.engine.EventLoopGroup
import io.hawser.tcp.Tcp
import io.hawser.testkit.Memory
import io.hawser.testkit.contract.AdmissionContract
import io.hawser.testkit.contract.ConnectionContract
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

private val stacks = Stacks({ serverTls }, { clientTls })
private val tcpOnLoop get() = stacks.tcp.inContext(EventLoopGroup.shared.next())

class TlsOverMemoryConnectionSpec : ConnectionContract(stacks.memory)

class TlsOverMemoryHelpersSpec : HelpersContract(stacks.memory)

class TlsOverMemoryFramingSpec : FramingContract(stacks.memory)

class TlsOverMemoryFrameFailuresSpec : FrameFailuresContract(stacks.memory)

class TlsOverMemoryWakeReaderSpec : WakeReaderContract(stacks.memory)

class TlsOverMemoryWokenSpec : WokenConnectionContract(stacks.memory)

class TlsOverMemoryServerSpec : ServerContract(stacks.memory)

class TlsOverMemoryShutdownSpec : ShutdownContract(stacks.memory)

class TlsOverMemoryAdmissionSpec : AdmissionContract(stacks.memory)

class TlsOverMemoryEventsSpec : EventsContract(stacks.memory)

class TlsOverMemoryExchangeSpec : ExchangeContract(stacks.memory)

class TlsOverMemoryTimeSpec : TimeContract(stacks.memory)

class TlsOverMemoryDrainSpec : DrainContract(stacks.memory)

class TlsOverTcpConnectionSpec : ConnectionContract(stacks.tcp)

class TlsOverTcpHelpersSpec : HelpersContract(stacks.tcp)

class TlsOverTcpFramingSpec : FramingContract(stacks.tcp)

class TlsOverTcpFrameFailuresSpec : FrameFailuresContract(stacks.tcp)

class TlsOverTcpWakeReaderSpec : WakeReaderContract(stacks.tcp)

class TlsOverTcpWokenSpec : WokenConnectionContract(stacks.tcp)

class TlsOverTcpServerSpec : ServerContract(stacks.tcp)

class TlsOverTcpShutdownSpec : ShutdownContract(stacks.tcp)

class TlsOverTcpAdmissionSpec : AdmissionContract(stacks.tcp)

class TlsOverTcpEventsSpec : EventsContract(stacks.tcp)

class TlsOverTcpExchangeSpec : ExchangeContract(stacks.tcp)

class TlsOverTcpTimeSpec : TimeContract(stacks.tcp)

class TlsOverTcpDrainSpec : DrainContract(stacks.tcp)

class TlsOverTcpLinkSpec : LinkContract(stacks.tcp)

class TlsOverTcpOnLoopConnectionSpec : ConnectionContract(tcpOnLoop)

class TlsOverTcpOnLoopHelpersSpec : HelpersContract(tcpOnLoop)

class TlsOverTcpOnLoopServerSpec : ServerContract(tcpOnLoop)

class TlsOverTcpOnLoopShutdownSpec : ShutdownContract(tcpOnLoop)

class TlsOverTcpOnLoopDrainSpec : DrainContract(tcpOnLoop)

class TlsOverUnixConnectionSpec : ConnectionContract(stacks.unix)

class TlsOverUnixHelpersSpec : HelpersContract(stacks.unix)

class TlsOverUnixFramingSpec : FramingContract(stacks.unix)

class TlsOverUnixFrameFailuresSpec : FrameFailuresContract(stacks.unix)

class TlsOverUnixWakeReaderSpec : WakeReaderContract(stacks.unix)

class TlsOverUnixWokenSpec : WokenConnectionContract(stacks.unix)

class TlsOverUnixServerSpec : ServerContract(stacks.unix)

class TlsOverUnixShutdownSpec : ShutdownContract(stacks.unix)

class TlsOverUnixAdmissionSpec : AdmissionContract(stacks.unix)

class TlsOverUnixEventsSpec : EventsContract(stacks.unix)

class TlsOverUnixExchangeSpec : ExchangeContract(stacks.unix)

class TlsOverUnixTimeSpec : TimeContract(stacks.unix)

class TlsOverUnixDrainSpec : DrainContract(stacks.unix)

class TlsOverMemoryPoolSpec :
    PoolContract(stacks.memory)

class TlsOverTcpPoolSpec : PoolContract(stacks.tcp)

class TlsOverMemoryKtorChannelsSpec : KtorChannelsContract(stacks.memory)
