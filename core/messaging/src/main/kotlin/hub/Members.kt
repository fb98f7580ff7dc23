package io.hawser.messaging.hub

import io.hawser.Connection
import io.hawser.messaging.ConnectedClient
import io.hawser.messaging.HubOptions
import io.hawser.messaging.SendResult
import io.hawser.messaging.hub.OutboundQueue.Offer
import java.io.IOException
import java.nio.ByteBuffer
import kotlinx.coroutines.flow.MutableStateFlow

/** What came of a client that wanted to be registered. */
internal enum class Entry { Registered, Full, Closed }

/** A client that is registered. */
internal class Member(val client: ConnectedClient, val connection: Connection, val queue: OutboundQueue) {
    /** What writing to it failed with. */
    @Volatile
    var failure: IOException? = null
}

/**
 * Who is registered, and what is kept for those who are not. A message goes to all who are there, or, if nobody is, into the backlog, and
 * whoever registers gets that: both at once, so that each message comes once and before all later ones.
 */
internal class Members(private val options: HubOptions) {
    /** Guarded by the monitor, like what follows; in the order in which they came. */
    private val byId = LinkedHashMap<String, Member>()
    private val backlog = Backlog(options.backlog)
    private val recent = Backlog(options.replay)
    private var isClosed = false
    private var changes = 0L

    val clients = MutableStateFlow<List<ConnectedClient>>(emptyList())

    val backlogSize: Int @Synchronized get() = backlog.size

    /** Messages that nobody has got, because nobody came in time. */
    val backlogDropped: Long @Synchronized get() = backlog.dropped

    /** Registers [member] and gives it what is kept for it. */
    fun enter(member: Member): Entry {
        synchronized(this) {
            if (isClosed) return Entry.Closed
            if (byId.size >= options.maxClients) return Entry.Full
            // Both end with the last message: the longer one has the other in it.
            val kept = backlog.takeAll()
            member.queue.preload(if (recent.size > kept.size) recent.all() else kept)
            byId[member.client.id] = member
            changes++
        }
        show()
        return Entry.Registered
    }

    fun leave(member: Member) {
        synchronized(this) {
            if (byId.remove(member.client.id) == null) return
            changes++
        }
        show()
    }

    /** Nobody enters any more. Returns who is there. */
    @Synchronized
    fun close(): List<Member> {
        isClosed = true
        return byId.values.toList()
    }

    @Synchronized
    operator fun get(id: String): Member? = byId[id]

    /** Who [matches]; asked outside the monitor, because it is the user's. */
    fun matching(
        matches: (ConnectedClient) -> Boolean,
    ): List<Member> = synchronized(this) { byId.values.toList() }.filter { matches(it.client) }

    /** Offers [message], which [isNew] unless it has been offered before, to all, or keeps it for whoever comes first. */
    fun offerAll(message: ByteBuffer, isNew: Boolean = true): Round = synchronized(this) {
        if (isNew && options.replay > 0) recent.add(message)
        // Whoever has come since has been given it with what is kept.
        if (!isNew && !isClosed && options.replay > 0 && byId.isNotEmpty()) return@synchronized Round(taken = byId.size)
        val round = if (byId.isEmpty()) null else offer(message, byId.values)
        // Who is about to leave is not there any more.
        if (round?.isVain == false) return@synchronized round
        if (!isClosed) backlog.add(message)
        Round(isKept = !isClosed)
    }

    /** Offers [message] to [members], to all of them between the same others. */
    @Synchronized
    fun offer(message: ByteBuffer, members: Collection<Member>): Round {
        val round = Round()
        members.forEach { round.note(it, it.queue.offer(message)) }
        return round
    }

    private fun show() {
        do {
            val (seen, list) = synchronized(this) { changes to byId.values.map { it.client } }
            clients.value = list
        } while (synchronized(this) { changes } != seen)
    }
}

/** How the queues took one message. */
internal class Round(private val isKept: Boolean = false, private var taken: Int = 0) {
    /** They have no room, and the sender waits for it. */
    val full = mutableListOf<Member>()

    /** They are too slow, and are to be disconnected. */
    val overflowed = mutableListOf<Member>()
    private var refused = 0

    /** Nobody was there to take it or refuse it. */
    val isVain: Boolean get() = taken == 0 && refused == 0 && full.isEmpty()

    fun note(member: Member, offer: Offer) {
        when (offer) {
            Offer.Queued -> taken++

            Offer.Dropped -> refused++

            Offer.Full -> full += member

            Offer.Overflowed -> {
                refused++
                overflowed += member
            }

            Offer.Closed -> Unit
        }
    }

    fun result(): SendResult = when {
        isKept -> SendResult.Queued
        taken > 0 -> SendResult.Delivered(taken)
        refused > 0 -> SendResult.Overflowed
        else -> SendResult.NoSuchClient
    }
}
