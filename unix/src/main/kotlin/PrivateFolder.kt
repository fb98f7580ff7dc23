package io.hawser.unix

import java.nio.file.FileAlreadyExistsException
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermissions
import java.security.SecureRandom

/**
 * A folder beside a socket to be, which nobody else can look or go into: here a socket is bound, and gets its permissions, before anybody
 * can connect, and here is seen what a name stands for without others getting at it meanwhile. Blocks.
 */
internal class PrivateFolder private constructor(private val folder: Path) {
    /** Where a socket is to be bound. */
    val socket: Path = folder.resolve("s")

    /** Where what had the name is looked at. */
    val removed: Path = folder.resolve("r")

    /** The user that the folder belongs to, which is us. */
    val uid: Long = make(folder)

    private var shortcut: Shortcut? = null

    /** [socket] by a name that is short enough to be bound to. */
    fun bindable(): Path = if (socket.fits()) socket else Shortcut(folder).also { shortcut = it }.path.resolve(socket.fileName)

    /** Removes what is ours in it, and itself unless [removed] is left. */
    fun remove() {
        shortcut?.close()
        Files.deleteIfExists(socket)
        if (FileStatus.of(removed) == null) Files.deleteIfExists(folder)
    }

    companion object {
        private const val OWNER_ONLY = 0x1C0
        private const val ATTEMPTS = 100
        private val ownerOnly = PosixFilePermissions.fromString("rwx------")
        private val random = SecureRandom()

        /** Makes one in [parent]. */
        fun within(parent: Path): PrivateFolder {
            repeat(ATTEMPTS) {
                try {
                    return PrivateFolder(parent.resolve(randomName()))
                } catch (_: FileAlreadyExistsException) {
                    // Another one's.
                }
            }
            throw FileAlreadyExistsException("$parent", null, "$ATTEMPTS random names are taken")
        }

        /** Makes [folder] for its owner only, and returns who that is. */
        fun make(folder: Path): Long {
            Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(ownerOnly))
            val status = checkNotNull(FileStatus.of(folder)) { "$folder has just been made and is gone" }
            // An umask can only take away, and then we could not go in ourselves.
            if (status.permissions != OWNER_ONLY) Files.setPosixFilePermissions(folder, ownerOnly)
            return status.uid
        }

        /** One that nobody can foresee, and so have the name before. */
        fun randomName(): String = ".h" + Integer.toUnsignedString(random.nextInt(), Character.MAX_RADIX)
    }
}
