package io.hawser.messaging.named

import io.hawser.messaging.NamedHubOptions
import java.io.IOException
import java.nio.file.AccessDeniedException
import java.nio.file.FileAlreadyExistsException
import java.nio.file.FileSystems
import java.nio.file.Files
import java.nio.file.LinkOption.NOFOLLOW_LINKS
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermissions

/** The folder in which hubs are found. Its functions wait for the file system. */
internal class HubFolder(private val path: Path) {
    /** The socket of a hub. */
    fun socket(event: String): Path = path.resolve("$event.sock")

    /** What says where a hub listens on TCP. */
    fun announcement(event: String): Path = path.resolve("$event.tcp")

    /** What such a hub has locked. */
    fun lock(event: String): Path = path.resolve("$event.tcp.lock")

    /**
     * Makes the folder if it is not there.
     *
     * @throws IOException if it cannot be made, or is none that can be trusted.
     */
    fun prepare() {
        path.parent?.let(Files::createDirectories)
        try {
            if (isPosix) Files.createDirectory(path, ownersOnly) else Files.createDirectory(path)
        } catch (_: FileAlreadyExistsException) {
            // Whose it is, and what, is seen now.
        }
        check()
    }

    /** @throws IOException if somebody else says what is in the folder, or there is none. */
    fun check() {
        if (!isPosix) return
        if (path == NamedHubOptions.defaultSocketDir) return checkOwn()
        val mode = Files.getAttribute(path, "unix:mode") as Int
        // With the sticky bit too: names are free for whoever comes first.
        if (mode and OTHERS_WRITE != 0) throw AccessDeniedException("$path", null, "everybody may put files into this folder")
    }

    /** The name of the default one is known, and others can make it first, or a link in its place. */
    private fun checkOwn() {
        val mode = Files.getAttribute(path, "unix:mode", NOFOLLOW_LINKS) as Int
        val owner = Files.getAttribute(path, "unix:uid", NOFOLLOW_LINKS) as Int
        if (owner != uid || mode and (GROUP_WRITE or OTHERS_WRITE) != 0 || mode and KIND != FOLDER) {
            throw AccessDeniedException("$path", null, "this is no folder of the user's own")
        }
    }

    companion object {
        private const val OTHERS_WRITE = 0x2
        private const val GROUP_WRITE = 0x10
        private const val KIND = 0xf000
        private const val FOLDER = 0x4000
        private val isPosix = "unix" in FileSystems.getDefault().supportedFileAttributeViews()
        private val ownersOnly = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))

        /** This process' user by number, for some have no name; null where users have none. */
        val uid: Int? by lazy {
            if (!isPosix) return@lazy null
            val own = Files.createTempFile("hawser", null)
            try {
                Files.getAttribute(own, "unix:uid") as Int
            } finally {
                Files.delete(own)
            }
        }
    }
}
