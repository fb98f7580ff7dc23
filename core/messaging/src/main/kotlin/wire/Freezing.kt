package io.hawser.messaging.wire

/** How many lists and maps may be inside each other, a message's data included. */
internal const val MAX_DEPTH = 64

/**
 * A copy of [data], all the way down, of what a message can carry.
 *
 * @throws Flaw if there is something else in it.
 */
internal fun frozen(data: Map<*, *>): FrozenMap = data as? FrozenMap ?: frozenMap(data, depth = 1)

private fun frozen(value: Any?, depth: Int): Any? = when (value) {
    null, is Boolean, is Long, is Double -> value
    is String -> value.also(::requirePairs)
    is Byte -> value.toLong()
    is Short -> value.toLong()
    is Int -> value.toLong()
    is Float -> value.toDouble()
    is ByteArray -> value.clone()
    is List<*> -> frozenList(value, depth + 1)
    is Map<*, *> -> frozenMap(value, depth + 1)
    else -> throw Flaw("${value.javaClass.typeName} is none of null, Boolean, Long, Double, String, ByteArray, List and Map")
}

private fun frozenList(list: List<*>, depth: Int): FrozenList {
    requireDepth(depth)
    // Nobody but the list knows how long it is by the time it has been gone through.
    val items = ArrayList<Any?>(list.size)
    for (item in list) {
        try {
            items += frozen(item, depth)
        } catch (e: Flaw) {
            throw e.inside(items.size)
        }
    }
    return FrozenList(items.toTypedArray())
}

private fun frozenMap(map: Map<*, *>, depth: Int): FrozenMap {
    requireDepth(depth)
    val fields = LinkedHashMap<String, Any?>(capacityFor(map.size))
    for ((key, value) in map) {
        if (key !is String) throw Flaw("a key is ${key?.javaClass?.typeName ?: "null"}, not a String")
        try {
            requirePairs(key)
            fields[key] = frozen(value, depth)
        } catch (e: Flaw) {
            throw e.inside(key)
        }
    }
    return FrozenMap(fields)
}

private fun requireDepth(depth: Int) {
    if (depth > MAX_DEPTH) throw Flaw("more than $MAX_DEPTH lists and maps inside each other")
}

/** UTF-8 cannot say half a pair. */
private fun requirePairs(text: String) {
    for (i in text.indices) {
        if (text.hasHalfAt(i)) throw Flaw("half of a surrogate pair, \\u${"%04x".format(text[i].code)}, at $i")
    }
}

/** What a hash map is made with to hold [count] without growing. */
internal fun capacityFor(count: Int): Int = if (count < 3) count + 1 else (count / 0.75f).toInt() + 1
