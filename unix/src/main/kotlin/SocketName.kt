package io.hawser.unix

import io.hawser.BindFailed
import io.hawser.BindFailed.Reason.AddressInUse
import io.hawser.BindFailed.Reason.NameTaken
import io.hawser.BindFailed.Reason.NotPermitted
import io.hawser.BindFailed.Reason.Other
import io.hawser.Endpoint
import io.hawser.engine.disk
import io.hawser.transport.TransportApi
import java.io.IOException
import java.nio.channels.FileChannel
import java.nio.file.AccessDeniedException
import java.nio.file.FileAlreadyExistsException
import java.nio.file.FileSystemException
import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path
import java.nio.file.StandardCopyOption.ATOMIC_MOVE
import java.nio.file.StandardOpenOption.CREATE_NEW
import java.nio.file.StandardOpenOption.WRITE
import java.nio.file.attribute.PosixFileAttributeView
import java.nio.file.attribute.PosixFilePermission
import java.nio.file.attribute.PosixFilePermissions
import java.nio.file.attribute.UserPrincipalNotFoundException
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import org.slf4j.LoggerFactory

/**
 * The name [path] of a socket in the file system, named [endpoint] in failures: how the socket gets it, and how it goes.
 *
 * A server's socket is bound in a [PrivateFolder] beside the name, given what [file] says, and then linked to the name, which fails if
 * anything has it. So there is no moment at which somebody could connect whom the permissions do not let, and nothing is ever lost. One
 * that is to be answered is bound to the name itself, in place of an empty file of ours. The socket of somebody who has ended is first
 * moved into the private folder, and looked at again there.
 */
@OptIn(TransportApi::class)
internal class SocketName(
    private val endpoint: Endpoint,
    private val path: Path,
    private val file: SocketFile,
    private val probe: (Path) -> Probe = Probe::of,
) {
    private val parent: Path = path.parent ?: path.root ?: Path.of(".")

    /**
     * Has [bind] bind a socket, to the path it is given, and gives it the name. Where a socket of this process that is about to lose the
     * name still has it, this waits for that one's end. What [bind] returns is closed when this fails or is cancelled.
     *
     * @throws BindFailed if the name cannot be had.
     */
    suspend fun <T : AutoCloseable> publish(bind: suspend (Path) -> T): PublishedSocket<T> = outlastingOwn { attempt(it, bind) }

    /**
     * Has [bind] bind a socket to the name itself, once that is free, and then gives it its permissions: for a socket whose peers see the
     * name that it was bound to. Otherwise as [publish]; [afterwards] runs when the name is gone again, and when it was not to be had.
     */
    suspend fun <T : AutoCloseable> publishInPlace(afterwards: () -> Unit = {}, bind: suspend (Path) -> T): PublishedSocket<T> {
        try {
            return outlastingOwn { attemptInPlace(it, afterwards, bind) }
        } catch (e: Throwable) {
            withContext(NonCancellable) { onDisk { suppressing(e, afterwards) } }
            throw e
        }
    }

    private suspend fun <R> outlastingOwn(attempt: suspend (Path) -> R): R {
        val key = onDisk { typed { parent.toRealPath().resolve(path.fileName ?: path) } }
        while (true) {
            // Looked up before the attempt: one that ends during it may still have been the reason.
            val closing = ClosingNames.at(key)
            try {
                return attempt(key)
            } catch (e: BindFailed) {
                if (closing.isEmpty() || e.reason != AddressInUse) throw e
                closing.forEach { it.join() }
            }
        }
    }

    /** Not cancelled once there is a file: nobody else would know of it. */
    private suspend fun <T : AutoCloseable> attemptInPlace(
        key: Path,
        afterwards: () -> Unit,
        bind: suspend (Path) -> T,
    ): PublishedSocket<T> = withContext(NonCancellable) {
        // One of this process at a time, for the reason that attempt has.
        turnOf(key).withLock {
            val reservation = onDisk { typed { reserve() } }
            try {
                bindReserved(reservation, key, afterwards, bind)
            } finally {
                onDisk { reservation.file.close() }
            }
        }
    }

    private suspend fun <T : AutoCloseable> bindReserved(
        reservation: Reservation,
        key: Path,
        afterwards: () -> Unit,
        bind: suspend (Path) -> T,
    ): PublishedSocket<T> {
        var identity = reservation.identity
        var socket: T? = null
        try {
            val bound = bind(path).also { socket = it }
            onDisk {
                typed {
                    identity = checkNotNull(FileStatus.of(path)) { "$path has just been bound and is gone" }.identity
                    apply(path)
                }
            }
            return PublishedSocket(bound, key) {
                try {
                    remove(identity)
                } finally {
                    afterwards()
                }
            }
        } catch (e: Throwable) {
            onDisk { suppressing(e) { remove(identity) } }
            socket?.close()
            throw e
        }
    }

    /** An empty [file] of ours that has the name until a socket has it; it is open, so that no other one gets its number. */
    private class Reservation(val file: FileChannel, val identity: List<Any>)

    /** Who binds to the name takes what has it away, and that is to be ours. */
    private fun reserve(): Reservation {
        ensureSafe()
        repeat(ATTEMPTS) {
            makeWay()
            try {
                return reservation(FileChannel.open(path, setOf(CREATE_NEW, WRITE), PosixFilePermissions.asFileAttribute(ownerOnly)))
            } catch (_: FileAlreadyExistsException) {
                // Somebody has been faster.
            }
        }
        throw failed(AddressInUse, "others keep taking the name")
    }

    private fun reservation(file: FileChannel): Reservation = try {
        // The library tries to connect to it before it takes it away, which we must be permitted to, whatever the umask is.
        Files.setPosixFilePermissions(path, ownerOnly)
        Reservation(file, checkNotNull(FileStatus.of(path)) { "$path has just been made and is gone" }.identity)
    } catch (e: Throwable) {
        file.close()
        throw e
    }

    private fun suppressing(failure: Throwable, cleanUp: () -> Unit) = try {
        cleanUp()
    } catch (e: IOException) {
        failure.addSuppressed(e)
    }

    private suspend fun <T : AutoCloseable> attempt(key: Path, bind: suspend (Path) -> T): PublishedSocket<T> {
        var folder: PrivateFolder? = null
        var socket: T? = null
        var identity: List<Any>? = null
        try {
            val bindable = onDisk {
                typed {
                    ensureSafe()
                    PrivateFolder.within(parent).also { folder = it }.bindable()
                }
            }
            val bound = bind(bindable).also { socket = it }
            // One of this process at a time: of three, one could lose to another what the third has just taken away to look at it.
            turnOf(key).withLock {
                onDisk {
                    typed {
                        val private = checkNotNull(folder)
                        apply(private.socket)
                        val status = checkNotNull(FileStatus.of(private.socket)) { "${private.socket} has just been bound and is gone" }
                        link(private)
                        identity = status.identity
                    }
                }
            }
            return PublishedSocket(bound, key) { identity?.let(::remove) }
        } catch (e: Throwable) {
            withContext(NonCancellable) {
                onDisk { suppressing(e) { identity?.let(::remove) } }
                socket?.close()
            }
            throw e
        } finally {
            folder?.let { cleanUp(it) }
        }
    }

    private fun ensureSafe() {
        val status = FileStatus.behind(parent) ?: throw failed(Other, "there is no folder $parent")
        if (!status.isFolder) throw failed(Other, "$parent is ${status.kind}, not a folder")
        if (status.isFreeForAll) {
            throw failed(Other, "everybody may write to the folder $parent, which has no sticky bit, and so put another socket there")
        }
    }

    private fun apply(socket: Path) {
        val view = Files.getFileAttributeView(socket, PosixFileAttributeView::class.java)
        file.group?.let { name ->
            val group = try {
                socket.fileSystem.userPrincipalLookupService.lookupPrincipalByGroupName(name)
            } catch (e: UserPrincipalNotFoundException) {
                throw BindFailed(endpoint, Other, "there is no group \"$name\"", e)
            }
            view.setGroup(group)
        }
        // Last, because nobody but us gets here: what the umask has left makes no difference.
        view.setPermissions(file.permissions)
    }

    private fun link(private: PrivateFolder) {
        repeat(ATTEMPTS) {
            try {
                Files.createLink(path, private.socket)
                return
            } catch (_: FileAlreadyExistsException) {
                makeWay(private)
            }
        }
        throw failed(AddressInUse, "others keep taking the name")
    }

    /** Returns when the name is free, as far as one can tell. */
    private fun makeWay() {
        repeat(ATTEMPTS) {
            if (FileStatus.of(path) == null) return
            val private = PrivateFolder.within(parent)
            try {
                makeWay(private)
            } finally {
                private.remove()
            }
        }
        throw failed(AddressInUse, "others keep taking the name")
    }

    /** Returns when the name may be free. */
    private fun makeWay(private: PrivateFolder) {
        val there = FileStatus.of(path) ?: return
        if (!there.isSocket) throw failed(NameTaken, "${there.kind} has the name")
        when (val state = probe(path)) {
            Probe.Gone -> return

            Probe.Alive -> throw failed(AddressInUse, "another server listens there")

            is Probe.Unknown -> {
                // The system may have said in any language that it is gone.
                if (FileStatus.of(path)?.identity != there.identity) return
                throw BindFailed(endpoint, NameTaken, "a socket has the name that cannot be connected to", state.cause)
            }

            Probe.Ended -> Unit
        }
        if (there.uid != private.uid) throw failed(NameTaken, "a socket of the user ${there.uid} has the name")
        // Of another process that does the same: it would have to do without its name for a moment.
        if (FileStatus.of(path)?.identity != there.identity) return
        if (!takeAway(private, there.identity)) throw failed(AddressInUse, "another server has just taken the name")
    }

    /** Frees the name of the socket with [identity], and returns false if it turns out to be another one's, which then has it again. */
    private fun takeAway(private: PrivateFolder, identity: List<Any>): Boolean {
        try {
            Files.move(path, private.removed, ATOMIC_MOVE)
        } catch (_: NoSuchFileException) {
            return true
        }
        if (FileStatus.of(private.removed)?.identity == identity) {
            Files.delete(private.removed)
            return true
        }
        giveBack(private.removed)
        return false
    }

    /** What cannot be given back, because the name is taken yet again, stays where it is. */
    private fun giveBack(other: Path) {
        try {
            Files.createLink(path, other)
            Files.delete(other)
        } catch (e: FileAlreadyExistsException) {
            throw BindFailed(endpoint, AddressInUse, "others keep taking the name; what had it before is $other now", e)
        } catch (e: IOException) {
            // A folder cannot be linked, and is not renamed over anything but an empty one.
            if (FileStatus.of(other)?.isFolder == true) {
                Files.move(other, path)
            } else {
                throw BindFailed(endpoint, AddressInUse, "what had the name cannot be given it back, and is $other now", e)
            }
        }
    }

    /** Gives the name up if it still stands for the socket with [identity], which has to be open: else its number may be another's. */
    private fun remove(identity: List<Any>) {
        if (FileStatus.of(path)?.identity != identity) return
        val private = PrivateFolder.within(parent)
        try {
            takeAway(private, identity)
        } finally {
            private.remove()
        }
    }

    private suspend fun cleanUp(private: PrivateFolder) = withContext(NonCancellable) {
        // Within: else the return from that dispatcher would notice a cancellation, and a socket that has its name be lost.
        onDisk {
            try {
                private.remove()
            } catch (e: IOException) {
                log.warn("a private folder beside {} could not be removed", path, e)
            }
        }
    }

    private suspend fun <R> onDisk(block: () -> R): R = withContext(disk) { block() }

    /** Has failures of [block] that are the file system's say what they mean for the endpoint. */
    private inline fun <R> typed(block: () -> R): R = try {
        block()
    } catch (e: AccessDeniedException) {
        throw BindFailed(endpoint, NotPermitted, "permission denied for ${e.file}", e)
    } catch (e: NoSuchFileException) {
        throw BindFailed(endpoint, Other, "there is no ${e.file}", e)
    } catch (e: FileSystemException) {
        val reason = if (e.reason?.contains("not permitted", ignoreCase = true) == true) NotPermitted else Other
        throw BindFailed(endpoint, reason, "${e.file}: ${e.reason ?: e.javaClass.simpleName}", e)
    }

    private fun failed(reason: BindFailed.Reason, detail: String) = BindFailed(endpoint, reason, detail, cause = null)

    private companion object {
        const val ATTEMPTS = 100

        /** Shared by names, so that there is an end to them. */
        val turns = List(64) { Mutex() }
        val ownerOnly: Set<PosixFilePermission> = PosixFilePermissions.fromString("rw-------")

        fun turnOf(key: Path): Mutex = turns[Math.floorMod(key.hashCode(), turns.size)]

        val log = LoggerFactory.getLogger(SocketName::class.java)
    }
}
