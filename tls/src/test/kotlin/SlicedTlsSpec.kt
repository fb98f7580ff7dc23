@file:OptIn(TransportApi::class)

package io.hawser.tls

import io.hawser.testkit.FaultLayer
import io.hawser.testkit.Faults
import io.hawser.testkit.Memory
import io.hawser.testkit.contract.ConnectionContract
import io.hawser.testkit.contract.ContractTransport
import io.hawser.testkit.contract.HelpersContract
import io.hawser.transport.TransportApi

/** TLS over a stream whose reads and writes are always partial. */
private fun sliced(to: Int): ContractTransport {
    val slices = FaultLayer(Faults { sliceTo = to }, Faults { sliceTo = to })
    return ContractTransport(
        server = { options -> Memory.server(options).through(slices).tls(serverTls) },
        client = { running, options -> Memory.client(running, options).through(slices).tls(clientTls, "localhost") },
        hasRecords = true,
    )
}

class SlicedTlsConnectionSpec : ConnectionContract(sliced(999))

class SlicedTlsHelpersSpec : HelpersContract(sliced(999))

class TinySlicesTlsHelpersSpec : HelpersContract(sliced(50))
