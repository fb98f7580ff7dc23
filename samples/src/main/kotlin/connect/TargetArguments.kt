package io.hawser.samples.connect

import io.hawser.samples.cli.ClientEndpoint
import io.hawser.samples.tls.IdentityArguments
import io.hawser.samples.tls.TrustArguments
import io.hawser.samples.tls.clientTls
import io.hawser.tls.ClientTls
import picocli.CommandLine.ArgGroup
import picocli.CommandLine.Mixin
import picocli.CommandLine.Parameters

/** What a command can be told that is about one endpoint. */
internal abstract class TargetArguments {
    @Parameters(
        index = "0",
        paramLabel = "ENDPOINT",
        description = [
            "Whom to connect to: host:port, also after tcp://, tls:// or udp://, or tcp4://, udp6:// and so on for one IP version " +
                "only; or unix:PATH, unixgram:PATH, where @NAME is an abstract name.",
        ],
    )
    lateinit var endpoint: ClientEndpoint

    @Mixin
    val identity: IdentityArguments = IdentityArguments()

    @ArgGroup(order = 13)
    var trust: TrustArguments? = null

    /** Why what was said of TLS is of no use, if it is not. */
    fun faultOfTls(): String? {
        val fault = identity.faultFor(endpoint.endpoint, isServer = false) ?: trust?.faultFor(endpoint.endpoint)
        if (fault != null || trust?.isInsecure != true) return fault
        return identity.given().firstOrNull()?.let { "$it is not for whoever answers: leave out --insecure-for-testing" }
    }

    /**
     * How to speak TLS there.
     *
     * @throws io.hawser.tls.InvalidTlsConfiguration
     */
    fun clientTls(): ClientTls = clientTls(trust, identity.identity())
}
