package io.hawser.messaging.wire

import java.util.AbstractMap.SimpleImmutableEntry

/** A list that is its own: nobody else has [raw], and arrays leave it as copies. */
internal class FrozenList(val raw: Array<Any?>) :
    AbstractList<Any?>(),
    RandomAccess {
    override val size: Int get() = raw.size

    override fun get(index: Int): Any? = raw[index].handedOut()

    override fun toString(): String = render(this)

    companion object {
        val EMPTY = FrozenList(emptyArray())
    }
}

/** A map that is its own: nobody else has [raw], and arrays leave it as copies. */
internal class FrozenMap(val raw: LinkedHashMap<String, Any?>) : AbstractMap<String, Any?>() {
    override val size: Int get() = raw.size

    override fun get(key: String): Any? = raw[key].handedOut()

    override fun containsKey(key: String): Boolean = raw.containsKey(key)

    override val entries: Set<Map.Entry<String, Any?>> get() = Entries()

    override fun toString(): String = render(this)

    companion object {
        val EMPTY = FrozenMap(LinkedHashMap())
    }

    private inner class Entries : AbstractSet<Map.Entry<String, Any?>>() {
        override val size: Int get() = raw.size

        override fun iterator(): Iterator<Map.Entry<String, Any?>> = object : Iterator<Map.Entry<String, Any?>> {
            private val inner = raw.entries.iterator()

            override fun hasNext(): Boolean = inner.hasNext()

            override fun next(): Map.Entry<String, Any?> = inner.next().let { SimpleImmutableEntry(it.key, it.value.handedOut()) }
        }
    }
}

private fun Any?.handedOut(): Any? = if (this is ByteArray) clone() else this

/** Equal, with arrays by what is in them. */
internal fun Any?.isSameAs(other: Any?): Boolean = when {
    this === other -> true

    this is ByteArray -> other is ByteArray && contentEquals(other)

    this is FrozenList -> other is FrozenList && raw.size == other.raw.size && raw.indices.all { raw[it].isSameAs(other.raw[it]) }

    this is FrozenMap ->
        other is FrozenMap && raw.size == other.raw.size &&
            raw.all { (key, value) -> (value != null || key in other.raw) && value.isSameAs(other.raw[key]) }

    else -> this == other
}

/** The same for those that are the same. */
internal fun Any?.contentHash(): Int = when (this) {
    is ByteArray -> contentHashCode()
    is FrozenList -> raw.fold(1) { hash, value -> hash * 31 + value.contentHash() }
    is FrozenMap -> raw.entries.sumOf { (key, value) -> key.hashCode() xor value.contentHash() }
    else -> hashCode()
}
