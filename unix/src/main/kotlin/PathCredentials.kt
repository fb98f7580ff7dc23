package io.hawser.unix

import java.io.IOException
import java.nio.channels.SocketChannel
import java.nio.file.FileSystems
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.UserPrincipal
import java.util.concurrent.ConcurrentHashMap
import jdk.net.ExtendedSocketOptions.SO_PEERCRED

/** The numbers behind the names that the JDK gives for the peer of a stream with a path. */
internal object PathCredentials {
    private val principals = FileSystems.getDefault().userPrincipalLookupService
    private val users = Numbers(Path.of("/etc/passwd")) { principals.lookupPrincipalByName(it) }
    private val groups = Numbers(Path.of("/etc/group")) { principals.lookupPrincipalByGroupName(it) }

    /** Null if they are not to be had, because [channel] is closed, or this is no platform for them. */
    fun of(channel: SocketChannel): PeerCredentials? {
        val peer = try {
            channel.getOption(SO_PEERCRED)
        } catch (_: IOException) {
            return null
        } catch (_: UnsupportedOperationException) {
            return null
        }
        return PeerCredentials(users.of(peer.user()) ?: return null, groups.of(peer.group()) ?: return null)
    }

    /**
     * The number of a principal is nothing the JDK tells. It is guessed, and the guess is right if looking the number up gives the same
     * principal: those are equal whose numbers are.
     */
    private class Numbers(private val entries: Path, private val lookUp: (String) -> UserPrincipal) {
        private val known = ConcurrentHashMap<UserPrincipal, Long>()

        fun of(principal: UserPrincipal): Long? = known[principal] ?: find(principal)?.also {
            if (known.size < REMEMBERED) known[principal] = it
        }

        private fun find(principal: UserPrincipal): Long? {
            val guesses = sequence {
                yield(principal.hashCode())
                principal.name.toIntOrNull()?.let { yield(it) }
                entry(principal.name)?.let { yield(it) }
            }
            return guesses.firstOrNull { isNumberOf(principal, it) }?.let { it.toLong() and UNSIGNED }
        }

        private fun isNumberOf(principal: UserPrincipal, number: Int): Boolean = try {
            lookUp("$number") == principal
        } catch (_: IOException) {
            // Not found.
            false
        }

        /** passwd(5) and group(5): the number is the third field of both. */
        private fun entry(name: String): Int? = try {
            Files.readAllLines(entries).firstOrNull { it.startsWith("$name:") }?.split(':')?.getOrNull(2)?.toUIntOrNull()?.toInt()
        } catch (_: IOException) {
            null
        }
    }

    private const val REMEMBERED = 1024
    private const val UNSIGNED = 0xFFFF_FFFFL
}
