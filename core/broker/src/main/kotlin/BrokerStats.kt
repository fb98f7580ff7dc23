package io.hawser.broker

import java.time.Instant
import java.util.UUID

/** What a broker does, and has done [since] it began. */
public class BrokerStats internal constructor(
    public val since: Instant,
    /** Connections. */
    public val peers: Int,
    /** Registrations of those who answer. */
    public val providers: Int,
    /** Registrations of those who ask. */
    public val consumers: Int,
    /** Requests that a provider has. */
    public val inFlight: Int,
    /** Requests that wait for a provider. */
    public val waiting: Int,
    /** Bytes that wait here. */
    public val bytes: Long,
    /** Requests that have come. */
    public val requests: Long,
    /** How many have ended how; those that are not there are none. */
    public val outcomes: Map<Outcome, Long>,
    /** Frames of requests that had ended, and were dropped. */
    public val lateFrames: Long,
    /** Requests that were given to another provider because the first was lost. */
    public val repeats: Long,
    /** Registrations that were refused. */
    public val refusals: Long,
    /** Where somebody is registered. */
    public val channels: Map<UUID, ChannelStats>,
) {
    override fun toString(): String = "$requests requests, $inFlight in flight, $waiting waiting, $outcomes, $providers providers, " +
        "$consumers consumers on ${channels.size} channels, $peers peers, $bytes bytes"
}

/** What goes on, and has gone on, on a channel for as long as somebody has been registered on it. */
public class ChannelStats internal constructor(
    /** Those who are registered to answer on it. */
    public val providers: Int,
    /** Those who are registered to ask on it. */
    public val consumers: Int,
    /** Requests that a provider has. */
    public val inFlight: Int,
    /** Requests that wait for a provider. */
    public val waiting: Int,
    /** Requests that have come. */
    public val requests: Long,
    /** How long those took that were answered. */
    public val latency: Latency,
) {
    override fun toString(): String =
        "$requests requests, $inFlight in flight, $waiting waiting, $providers providers, $consumers consumers, latency $latency"
}
