@file:JvmName("Peers")

package io.hawser.unix

import io.hawser.Admission
import io.hawser.Attribute
import io.hawser.Candidate
import io.hawser.Connection

/** Who a peer of a Unix stream socket was when it connected, or began to listen, as the system says. */
public class PeerCredentials(
    /** The number of its effective user. */
    public val uid: Long,
    /** The number of its effective group. */
    public val gid: Long,
    /** The number of its process, or null where the platform does not tell: of connections over a path the JDK does not. */
    public val pid: Long? = null,
) {
    override fun equals(other: Any?): Boolean = other is PeerCredentials && uid == other.uid && gid == other.gid && pid == other.pid

    override fun hashCode(): Int = (uid.hashCode() * 31 + gid.hashCode()) * 31 + pid.hashCode()

    override fun toString(): String = "uid $uid, gid $gid" + if (pid == null) "" else ", pid $pid"

    public companion object {
        /**
         * What candidates and connections know them as. They are asked for when somebody first wants to know, and absent for other kinds
         * of connections, and for those that had been closed by then.
         *
         * With a path the JDK has the system look up the names that belong to the numbers meanwhile, which may take its time where they
         * come from a server.
         */
        @JvmField
        public val attribute: Attribute<PeerCredentials> = Attribute("peerCredentials")
    }
}

/**
 * Who the peer of this connection is: see [PeerCredentials.attribute].
 *
 * @throws IllegalStateException if that is not known, because it is no Unix stream socket, or was closed before somebody first asked.
 */
public val Connection.peerCredentials: PeerCredentials
    get() = checkNotNull(attributes[PeerCredentials.attribute]) { "$this does not know the credentials of its peer" }

/** Admits peers of these users, by their numbers. Who has no credentials, as over TCP, is refused. */
public fun peerUid(vararg uids: Long): Admission = PeerUid(uids.toSet())

private class PeerUid(private val uids: Set<Long>) : Admission {
    override fun admits(candidate: Candidate): Boolean = candidate[PeerCredentials.attribute]?.uid in uids

    override fun toString(): String = "peer uid ${uids.joinToString()}"
}
