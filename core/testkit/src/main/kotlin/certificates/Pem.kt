package io.hawser.testkit.certificates

import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption.ATOMIC_MOVE
import java.nio.file.StandardOpenOption.CREATE_NEW
import java.nio.file.StandardOpenOption.WRITE
import java.nio.file.attribute.FileAttribute
import java.nio.file.attribute.PosixFileAttributeView
import java.nio.file.attribute.PosixFilePermissions
import java.util.Base64
import java.util.UUID

private const val LINE = 64

/** RFC 7468. */
internal fun pemBlock(label: String, der: ByteArray): String {
    val lines = Base64.getMimeEncoder(LINE, "\n".toByteArray()).encodeToString(der)
    return "-----BEGIN $label-----\n$lines\n-----END $label-----\n"
}

/** Puts a file with [text] at [path] in one step, in place of what is there; if it [isSecret] nobody else can read it at any time. */
internal fun writePem(path: Path, text: String, isSecret: Boolean) {
    val temporary = path.resolveSibling(".${path.fileName}.${UUID.randomUUID()}")
    try {
        Files.newByteChannel(temporary, setOf(CREATE_NEW, WRITE), *permissions(path.toAbsolutePath().parent, isSecret)).use {
            val bytes = Charsets.US_ASCII.encode(text)
            while (bytes.hasRemaining()) it.write(bytes)
        }
        Files.move(temporary, path, ATOMIC_MOVE)
    } finally {
        Files.deleteIfExists(temporary)
    }
}

private fun permissions(folder: Path, isSecret: Boolean): Array<FileAttribute<*>> {
    val hasPermissions = Files.getFileStore(folder).supportsFileAttributeView(PosixFileAttributeView::class.java)
    if (!isSecret || !hasPermissions) return emptyArray()
    return arrayOf(PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))
}
