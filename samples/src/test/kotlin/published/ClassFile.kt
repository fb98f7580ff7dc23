package io.hawser.samples.published

import java.io.ByteArrayInputStream
import java.io.DataInputStream

/** What a class names, by its constant pool (The Java Virtual Machine Specification, 4.4). */
internal class ClassFile(bytes: ByteArray) {
    private val pool: List<Constant?>
    private val flags: Int

    /** With dots, as `Class.forName` wants it. */
    val name: String

    init {
        DataInputStream(ByteArrayInputStream(bytes)).use { input ->
            // Magic and version.
            input.readLong()
            pool = buildList {
                val size = input.readUnsignedShort()
                add(null)
                while (this.size < size) {
                    val constant = input.readConstant()
                    add(constant)
                    if (constant.isWide) add(null)
                }
            }
            flags = input.readUnsignedShort()
            name = className(input.readUnsignedShort())
        }
    }

    /** Whether it declares an annotation that code has to opt in to. */
    val isMarker: Boolean get() = flags and ANNOTATION != 0 && pool.any { it is Constant.Text && it.value == "Lkotlin/RequiresOptIn;" }

    /** The strings that its code has in it. */
    val strings: Set<String> get() = pool.filterIsInstance<Constant.Name>().filter { it.kind == STRING }.map { text(it.index) }.toSet()

    /** The classes that its code names, arrays as they are written in class files. */
    val classes: Set<String> get() = pool.filterIsInstance<Constant.Name>().filter {
        it.kind == CLASS
    }.map { dotted(text(it.index)) }.toSet()

    /** The methods and fields that it uses, each as `package.Class.name`. */
    val members: Set<String>
        get() = pool.filterIsInstance<Constant.Pair>().filter { it.kind in FIELD..INTERFACE_METHOD }
            .map { "${className(it.first)}.${text((pool[it.second] as Constant.Pair).first)}" }.toSet()

    private fun text(index: Int) = (pool[index] as Constant.Text).value

    private fun className(index: Int) = dotted(text((pool[index] as Constant.Name).index))

    private sealed interface Constant {
        val isWide: Boolean get() = false

        class Text(val value: String) : Constant

        class Name(val kind: Int, val index: Int) : Constant

        class Pair(val kind: Int, val first: Int, val second: Int) : Constant

        class Other(override val isWide: Boolean = false) : Constant
    }

    private companion object {
        const val ANNOTATION = 0x2000
        const val CLASS = 7
        const val STRING = 8
        const val FIELD = 9
        const val INTERFACE_METHOD = 11

        fun dotted(name: String) = name.replace('/', '.')

        fun DataInputStream.readConstant(): Constant = when (val kind = readUnsignedByte()) {
            1 -> Constant.Text(readUTF())
            3, 4 -> Constant.Other().also { readInt() }
            5, 6 -> Constant.Other(isWide = true).also { readLong() }
            CLASS, STRING, 16, 19, 20 -> Constant.Name(kind, readUnsignedShort())
            in FIELD..12, 17, 18 -> Constant.Pair(kind, readUnsignedShort(), readUnsignedShort())
            15 -> Constant.Pair(kind, readUnsignedByte(), readUnsignedShort())
            else -> error("no constant has the tag $kind")
        }
    }
}
