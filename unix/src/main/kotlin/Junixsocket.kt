package io.hawser.unix

import java.io.FileDescriptor
import java.lang.invoke.MethodHandle
import java.lang.invoke.MethodHandles
import java.lang.invoke.MethodHandles.Lookup
import java.lang.invoke.MethodHandles.filterArguments
import java.lang.invoke.MethodHandles.privateLookupIn
import java.lang.invoke.MethodType.methodType
import java.nio.ByteBuffer
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
}
