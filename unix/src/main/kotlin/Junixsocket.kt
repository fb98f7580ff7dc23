package io.hawser.unix

import java.io.FileDescriptor
import java.io.FileInputStream
import java.io.IOException
import java.lang.invoke.MethodHandle
import java.lang.invoke.MethodHandles
import java.lang.invoke.MethodHandles.Lookup
import java.lang.invoke.MethodHandles.filterArguments
import java.lang.invoke.MethodHandles.privateLookupIn
import java.lang.invoke.MethodType.methodType
import java.nio.ByteBuffer
import java.nio.ByteOrder
import org.newsclub.net.unix.AFSocketExtensions
import org.newsclub.net.unix.AFUNIXDatagramChannel
import org.newsclub.net.unix.AFUNIXSocketChannel

/**
 * What junixsocket 2.11.1 can do and does not offer. The handles are null where it cannot be got at: with another version, or as a module
 * that is not open to this one.
 */
internal object Junixsocket {
    private const val PACKAGE = "org.newsclub.net.unix"
    private val int = Int::class.javaPrimitiveType
    private val nothing = Void.TYPE
    private val file = FileDescriptor::class.java
    private val native get() = find("NativeUnixSocket")
    private val lookup: Lookup? = orNull { privateLookupIn(AFUNIXDatagramChannel::class.java, MethodHandles.lookup()) }

    /**
     * `(descriptor, buffer, position, count, address, options, ancillary) -> count`: recvmsg(2) into direct buffers. -1 is the end, which of
     * datagrams is an empty one, 0 that there is nothing yet.
     */
    val receive: MethodHandle? = orNull {
        val buffer = ByteBuffer::class.java
        val type = methodType(int, FileDescriptor::class.java, buffer, int, int, buffer, int, find("AncillaryDataSupport"), int)
        val function = lookup?.`in`(find("NativeUnixSocket"))?.findStatic(find("NativeUnixSocket"), "receive", type)
        // No timeout.
        function?.let { MethodHandles.insertArguments(it, type.parameterCount() - 1, 0) }?.withoutTypes()
    }

    /** What a channel receives beside bytes, and for [receive]. */
    fun ancillaryOf(channel: AFSocketExtensions): Any? =
        (if (channel is AFUNIXDatagramChannel) ancillaryOfDatagrams else ancillaryOfStream)?.invoke(channel)

    /**
     * Makes room for as many open files as a message can bring. The library's own room is for 60; of a message with more, those would be
     * open for ever.
     */
    fun makeRoomForFiles(channel: AFSocketExtensions) {
        val resize = checkNotNull(resizeAncillary) { "this version of junixsocket cannot receive files" }
        resize.invoke(checkNotNull(ancillaryOf(channel)), ROOM_FOR_FILES)
    }

    /** Has [files] go with the next bytes. The channel's own function is for those who have a peer. */
    fun handOver(files: Array<FileDescriptor>, channel: AFUNIXDatagramChannel) {
        val send = checkNotNull(sendFiles) { "this version of junixsocket cannot hand over files to others than one peer" }
        send.invoke(checkNotNull(ancillaryOf(channel)), files)
    }

    /** A copy of [descriptor], of whatever kind of file. */
    fun duplicate(descriptor: FileDescriptor): FileDescriptor {
        val call = checkNotNull(duplicate) { "this version of junixsocket cannot receive files" }
        return call.invoke(descriptor, FileDescriptor()) as FileDescriptor? ?: throw IOException("a received file cannot be duplicated")
    }

    /** To be called before a receive, with what [ancillaryOf] gives: what [closeLeftFiles] finds after it is of that receive. */
    fun expectFiles(ancillary: Any) {
        roomOf(ancillary).putLong(CMSG_LENGTH, 0)
    }

    /**
     * Closes the files of a message that was not received because not all of its files could be: at the limit of descriptors the kernel
     * installs those that there is room for, and the library forgets them.
     */
    fun closeLeftFiles(ancillary: Any) {
        val room = roomOf(ancillary)
        val length = room.getLong(CMSG_LENGTH)
        if (length !in CMSG_DATA.toLong()..room.capacity() || room.getInt(CMSG_LEVEL) != SOL_SOCKET ||
            room.getInt(CMSG_TYPE) != SCM_RIGHTS
        ) {
            return
        }
        for (at in CMSG_DATA until length.toInt() step Int.SIZE_BYTES) {
            val descriptor = FileDescriptor()
            checkNotNull(initialize).invoke(descriptor, room.getInt(at))
            FileInputStream(descriptor).close()
        }
        expectFiles(ancillary)
    }

    private fun roomOf(ancillary: Any): ByteBuffer =
        (checkNotNull(ancillaryRoom).invoke(ancillary) as ByteBuffer).duplicate().order(ByteOrder.nativeOrder())

    private val duplicate = orNull {
        lookup?.`in`(native)?.findStatic(native, "duplicate", methodType(file, file, file))
    }
    private val initialize = orNull { lookup?.`in`(native)?.findStatic(native, "initFD", methodType(nothing, file, int)) }
    private val ancillaryRoom = orNull {
        lookup?.`in`(find("AncillaryDataSupport"))
            ?.let { privateLookupIn(find("AncillaryDataSupport"), MethodHandles.lookup()) }
            ?.findGetter(find("AncillaryDataSupport"), "ancillaryReceiveBuffer", ByteBuffer::class.java)
            ?.withoutTypes()
    }
    private val ancillaryOfDatagrams = orNull { ancillaryFrom(AFUNIXDatagramChannel::class.java, "AFDatagramChannel") }
    private val ancillaryOfStream = orNull { ancillaryFrom(AFUNIXSocketChannel::class.java, "AFSocketChannel") }
    private val resizeAncillary = orNull {
        lookup?.findVirtual(find("AncillaryDataSupport"), "setAncillaryReceiveBufferSize0", methodType(nothing, int))?.withoutTypes()
    }

    private val sendFiles = orNull {
        val type = methodType(nothing, Array<FileDescriptor>::class.java)
        lookup?.findVirtual(find("AncillaryDataSupport"), "setOutboundFileDescriptors", type)?.asFixedArity()?.withoutTypes()
    }

    private fun ancillaryFrom(channel: Class<*>, declaredIn: String): MethodHandle? {
        val core = lookup?.findVirtual(find(declaredIn), "getAFCore", methodType(find("AFSocketCore"))) ?: return null
        val ancillary = lookup.findGetter(find("AFCore"), "ancillaryDataSupport", find("AncillaryDataSupport"))
        return filterArguments(ancillary, 0, core.asType(methodType(find("AFCore"), channel))).withoutTypes()
    }

    /** Takes and returns objects in place of what only the library has the types of. */
    private fun MethodHandle.withoutTypes(): MethodHandle {
        val hidden = { type: Class<*> -> if (type.isPrimitive || type.module !== lookup?.lookupClass()?.module) type else Any::class.java }
        return asType(methodType(hidden(type().returnType()), type().parameterList().map(hidden)))
    }

    private fun find(name: String): Class<*> = Class.forName("$PACKAGE.$name", false, AFUNIXDatagramChannel::class.java.classLoader)

    private fun <T> orNull(find: () -> T): T? = try {
        find()
    } catch (_: ReflectiveOperationException) {
        null
    }

    /** `CMSG_SPACE` of the 253 descriptors that a message has at most on Linux, and a little more. */
    private const val ROOM_FOR_FILES = 1_088

    // A `struct cmsghdr` of 64-bit Linux (cmsg(3)).
    private const val CMSG_LENGTH = 0
    private const val CMSG_LEVEL = 8
    private const val CMSG_TYPE = 12
    private const val CMSG_DATA = 16
    private const val SOL_SOCKET = 1
    private const val SCM_RIGHTS = 1
}
