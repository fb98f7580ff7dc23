package io.hawser.tls

import java.lang.invoke.MethodHandles
import java.lang.invoke.MethodType
import javax.net.ssl.SSLParameters

/** The groups of key exchanges, which [SSLParameters] knows from Java 20 on. */
internal object Groups {
    private val getter = find("getNamedGroups", MethodType.methodType(Array<String>::class.java))
    private val setter = find("setNamedGroups", MethodType.methodType(Void.TYPE, Array<String>::class.java))

    /** @throws InvalidTlsConfiguration unless the engine of [parameters] can be told to use [groups]. */
    fun check(parameters: SSLParameters, groups: List<String>) {
        if (groups.isEmpty()) return
        if (getter == null) {
            throw InvalidTlsConfiguration(
                "groups can be chosen from Java 20 on, and this is Java ${Runtime.version().feature()}: " +
                    "use the system property jdk.tls.namedGroups, or leave the choice to it",
            )
        }
        @Suppress("UNCHECKED_CAST")
        val known = (getter.invoke(parameters) as Array<String>?)?.toSet() ?: return
        (groups - known).firstOrNull()?.let { throw InvalidTlsConfiguration("$it is no group of ${known.joinToString()}") }
    }

    fun set(parameters: SSLParameters, groups: List<String>) {
        if (groups.isNotEmpty()) setter?.invoke(parameters, groups.toTypedArray())
    }

    private fun find(name: String, type: MethodType) = try {
        MethodHandles.publicLookup().findVirtual(SSLParameters::class.java, name, type)
    } catch (_: NoSuchMethodException) {
        null
    }
}
