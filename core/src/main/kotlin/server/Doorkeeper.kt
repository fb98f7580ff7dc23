package io.hawser.server

import io.hawser.Admission
import io.hawser.AdmissionClass
import io.hawser.Candidate
import io.hawser.ServerOptions
import io.hawser.WhenFull
import io.hawser.event.Refusal
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.net.InetAddress
import java.net.InetSocketAddress

/** Decides who is let in, by the server's limits and rules. */
@OptIn(TransportApi::class)
internal class Doorkeeper(
    private val options: LiveOptions<ServerOptions>,
    private val transport: Admission,
    private val connections: Connections,
    private val clock: () -> Long,
) {
    /** For the accept loop. */
    private val rates = HostRates()

    val isFull: Boolean get() = connections.now >= options.now.maxConnections

    /** Whether who comes when it [isFull] waits outside. */
    val pausesWhenFull: Boolean get() = options.now.whenFull == WhenFull.Pause

    /** Why [stream], just accepted, may not come in, or null if it may; it has been counted in its admission class then, or as refused. */
    fun refusal(stream: RawStream): Refusal? {
        val options = options.now
        val own = options.admissionClasses.firstOrNull { refusal(it.rule, stream) == null }
        val refusal = refusalOf(stream, own, options)
        if (own != null) {
            if (refusal == null) connections.classes.accepted(stream, own.name) else connections.classes.refused(own.name)
        }
        return refusal
    }

    private fun refusalOf(stream: RawStream, own: AdmissionClass?, options: ServerOptions): Refusal? {
        val count = connections.now
        if (count >= options.maxConnections) return Refusal.TooManyConnections(options.maxConnections)
        val inTheWay = connections.classes.inTheWay(own, options, count)
        if (inTheWay.isNotEmpty()) return Refusal.Reserved(inTheWay)
        val host = (stream.remote as? InetSocketAddress)?.address
        return host?.let { refusalOf(it, options) } ?: refusal(transport, stream) ?: refusal(options.admission, stream)
    }

    /** Why [stream], whose layers have shaken hands, may not stay, or null if it may. */
    fun refusalAfterHandshake(stream: RawStream): Refusal? = refusal(options.now.admissionAfterHandshake, stream)

    private fun refusalOf(host: InetAddress, options: ServerOptions): Refusal? = when {
        connections.countFrom(host) >= options.maxConnectionsPerHost -> Refusal.TooManyFromHost(host, options.maxConnectionsPerHost)
        isInTime(host, options.acceptRatePerHost) -> null
        else -> Refusal.TooFast(host, options.acceptRatePerHost)
    }

    private fun isInTime(host: InetAddress, perSecond: Int): Boolean {
        if (perSecond < Int.MAX_VALUE) return rates.admits(host, perSecond, clock())
        // A reload may have taken the limit away.
        rates.clear()
        return true
    }

    private fun refusal(rule: Admission, stream: RawStream): Refusal? {
        if (rule === Admission.everyone) return null
        return try {
            if (rule.admits(Candidate(stream.local, stream.remote, stream.attributes))) null else Refusal.NotAdmitted(rule)
        } catch (e: Throwable) {
            Refusal.NotAdmitted(rule, e)
        }
    }
}
