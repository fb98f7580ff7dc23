package io.hawser.udp

import io.hawser.engine.EventLoopGroup
import io.hawser.testkit.contract.ContractDatagrams
import io.hawser.testkit.contract.DatagramContract
import io.hawser.testkit.contract.DatagramServerContract

private val udp = ContractDatagrams(
    server = { options -> Udp.server("127.0.0.1", port = 0, options) },
    client = { server, options -> Udp.client("127.0.0.1", server.port, options) },
)
private val udpOnLoop get() = udp.inContext(EventLoopGroup.shared.next())

class UdpContractSpec : DatagramContract(udp)

class UdpContractOnLoopSpec : DatagramContract(udpOnLoop)

class UdpServerContractSpec : DatagramServerContract(udp)

class UdpServerContractOnLoopSpec : DatagramServerContract(udpOnLoop)
