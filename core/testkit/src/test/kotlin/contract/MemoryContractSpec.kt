@file:OptIn(TransportApi::class)

package io.hawser.testkit.contract

import io.hawser.engine.EventLoopGroup
import io.hawser.testkit.FaultLayer
import io.hawser.testkit.Faults
import io.hawser.testkit.Memory
import io.hawser.transport.TransportApi

private val memory = ContractTransport(
    server = { options -> Memory.server(options) },
    client = { server, options -> Memory.client(server, options) },
    successor = { server -> Memory.server(server.endpoint) },
)

private val sliced = FaultLayer(Faults { sliceTo = 999 })

/** The contracts over a stream whose reads and writes are always partial. */
private val slicedMemory = ContractTransport(
    { Memory.server(it).through(sliced) },
    { server, options -> Memory.client(server, options).through(sliced) },
)

/** Over streams whose readers are held back after a few thousand bytes, again and again. */
private val throttledMemory = ContractTransport(
    server = { options -> Memory.server(options.toBuilder().apply { readRate = 20_000 }.build()) },
    client = { server, options -> Memory.client(server, options.toBuilder().apply { readRate = 20_000 }.build()) },
)

class MemoryConnectionSpec : ConnectionContract(memory)

class MemoryConnectionOnLoopSpec : ConnectionContract(memory.inContext(EventLoopGroup.shared.next()))

class MemoryHelpersSpec : HelpersContract(memory)

class MemoryFramingSpec : FramingContract(memory)

class MemoryFrameFailuresSpec : FrameFailuresContract(memory)

class MemoryFramingOnLoopSpec : FramingContract(memory.inContext(EventLoopGroup.shared.next()))

class MemoryFrameFailuresOnLoopSpec : FrameFailuresContract(memory.inContext(EventLoopGroup.shared.next()))

class MemoryWakeReaderSpec : WakeReaderContract(memory)

class MemoryWokenSpec : WokenConnectionContract(memory)

class MemoryWakeReaderOnLoopSpec : WakeReaderContract(memory.inContext(EventLoopGroup.shared.next()))

class MemoryWokenOnLoopSpec : WokenConnectionContract(memory.inContext(EventLoopGroup.shared.next()))

class MemoryServerSpec : ServerContract(memory)

class SlicedMemoryConnectionSpec : ConnectionContract(slicedMemory)

class SlicedMemoryHelpersSpec : HelpersContract(slicedMemory)

class SlicedMemoryFramingSpec : FramingContract(slicedMemory)

class SlicedMemoryFrameFailuresSpec : FrameFailuresContract(slicedMemory)

class SlicedMemoryWakeReaderSpec : WakeReaderContract(slicedMemory)

class SlicedMemoryWokenSpec : WokenConnectionContract(slicedMemory)

class ThrottledMemoryWakeReaderSpec : WakeReaderContract(throttledMemory)

class MemoryShutdownSpec : ShutdownContract(memory)

class MemoryAdmissionSpec : AdmissionContract(memory)

class MemoryEventsSpec : EventsContract(memory)

class MemoryExchangeSpec : ExchangeContract(memory)

class MemoryTimeSpec : TimeContract(memory)

class MemoryDrainSpec : DrainContract(memory)

class MemoryLinkSpec : LinkContract(memory)

class MemoryLinkOnLoopSpec : LinkContract(memory.inContext(EventLoopGroup.shared.next()))

class MemoryPoolSpec : PoolContract(memory)

class MemoryPoolOnLoopSpec :
    PoolContract(memory.inContext(EventLoopGroup.shared.next()))

class MemoryKtorChannelsSpec : KtorChannelsContract(memory)

class SlicedMemoryKtorChannelsOnLoopSpec : KtorChannelsContract(slicedMemory.inContext(EventLoopGroup.shared.next()))
