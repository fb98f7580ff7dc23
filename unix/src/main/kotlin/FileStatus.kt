package io.hawser.unix

import java.nio.file.Files
import java.nio.file.LinkOption
import java.nio.file.LinkOption.NOFOLLOW_LINKS
import java.nio.file.NoSuchFileException
import java.nio.file.Path

/** What stat(2) says of a file. Blocks. */
internal class FileStatus private constructor(attributes: Map<String, Any>) {
    private val mode = attributes.getValue("mode") as Int
    private val uidBits = attributes.getValue("uid") as Int

    val uid: Long get() = uidBits.toLong() and 0xFFFF_FFFFL

    /** Which file it is, of all there are and, nearly, of all there were: its number may be given to another one when it is gone. */
    val identity: List<Any> = listOf("dev", "ino", "lastModifiedTime").map(attributes::getValue)

    val kind: String
        get() = when (mode and TYPE) {
            SOCKET -> "a socket"
            REGULAR -> "a file"
            FOLDER -> "a folder"
            SYMBOLIC_LINK -> "a symbolic link"
            else -> "a device or a pipe"
        }

    val isSocket: Boolean get() = mode and TYPE == SOCKET
    val isFolder: Boolean get() = mode and TYPE == FOLDER

    /** Whether it is a folder in which anybody may rename and remove what others have there. */
    val isFreeForAll: Boolean get() = isFolder && mode and OTHERS_WRITE != 0 && mode and STICKY == 0

    val permissions: Int get() = mode and PERMISSIONS

    companion object {
        private const val TYPE = 0xF000
        private const val SOCKET = 0xC000
        private const val SYMBOLIC_LINK = 0xA000
        private const val REGULAR = 0x8000
        private const val FOLDER = 0x4000
        private const val STICKY = 0x200
        private const val OTHERS_WRITE = 0x2
        private const val PERMISSIONS = 0x1FF

        /** Of [path] itself, be it a symbolic link, or null if there is none. */
        fun of(path: Path): FileStatus? = read(path, NOFOLLOW_LINKS)

        /** Of what [path] leads to, or null if there is none. */
        fun behind(path: Path): FileStatus? = read(path)

        private fun read(path: Path, vararg options: LinkOption): FileStatus? = try {
            FileStatus(Files.readAttributes(path, "unix:mode,uid,dev,ino,lastModifiedTime", *options))
        } catch (_: NoSuchFileException) {
            null
        }
    }
}
