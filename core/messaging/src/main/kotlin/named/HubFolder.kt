package io.hawser.messaging.named

import io.hawser.messaging.NamedHubOptions
import java.io.IOException
import java.nio.file.AccessDeniedException
import java.nio.file.FileAlreadyExistsException
import java.nio.file.FileSystems
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermissions

/** The folder in which hubs are found. Its functions wait for the file system. */
internal class HubFolder(private val path: Path) {
    fun file(event: String, suffix: String): Path = path.resolve("$event.$suffix")

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

    /** @throws IOException if somebody else says what is in the folder. */
    fun check() {
        if (!isPosix) return
        val mode = Files.getAttribute(path, "unix:mode") as Int
        if (mode and OTHERS_WRITE != 0 && mode and STICKY == 0) {
            throw AccessDeniedException("$path", null, "everybody may put files into this folder")
        }
        // The name of the default one is known, and everybody can make it first.
        val owner = Files.getOwner(path).name
        if (path == NamedHubOptions.defaultSocketDir && owner != System.getProperty("user.name") && owner != "root") {
            throw AccessDeniedException("$path", null, "this folder is $owner's")
        }
    }

    private companion object {
        const val OTHERS_WRITE = 0x2
        const val STICKY = 0x200
        val isPosix = "unix" in FileSystems.getDefault().supportedFileAttributeViews()
        val ownersOnly = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
    }
}
