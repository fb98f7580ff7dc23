package io.hawser.micrometer

import io.hawser.Connection
import io.hawser.broker.Broker
import io.hawser.messaging.MessageHub
import io.hawser.tcp.Tcp
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.File
import java.net.URLClassLoader
import java.util.zip.ZipFile
import kotlin.reflect.KClass

/** What is absent costs nothing, and is not missed. */
class AbsenceSpec : StringSpec({
    for (known in listOf(Connection::class, MessageHub::class, Broker::class, Tcp::class)) {
        "what ${known.simpleName} comes with knows of no meters and no spans" {
            val classes = classesBeside(known)
            classes.size shouldBeGreaterThan 5
            classes.filterValues { "io/micrometer" in it || "io/opentelemetry" in it }.keys shouldBe emptySet()
        }
    }

    "without hubs and brokers the other meters are there" {
        val optional = listOf(MessageHub::class, Broker::class).map { placeOf(it) }
        val rest = System.getProperty("java.class.path").split(File.pathSeparator).map(::File).filter { it.exists() && it !in optional }
        URLClassLoader(rest.map { it.toURI().toURL() }.toTypedArray(), ClassLoader.getPlatformClassLoader()).use { loader ->
            shouldThrow<ClassNotFoundException> { loader.loadClass(Broker::class.java.name) }
            shouldThrow<ClassNotFoundException> { loader.loadClass(MessageHub::class.java.name) }
            val names = loader.loadClass(Unaided::class.java.name).getMethod("names").invoke(null) as String
            for (name in listOf("server.accepted", "server.lifetime", "client.connect", "link.connected", "pool.idle", "circuit.state")) {
                names shouldContain "hawser.$name"
            }
        }
    }
})

private fun placeOf(known: KClass<*>): File = File(known.java.protectionDomain.codeSource.location.toURI())

/** The classes of a module, each with its bytes as a text. */
private fun classesBeside(known: KClass<*>): Map<String, String> {
    val place = placeOf(known)
    if (place.isDirectory) {
        return place.walk().filter { it.extension == "class" }.associate { it.name to it.readText(Charsets.ISO_8859_1) }
    }
    return ZipFile(place).use { jar ->
        jar.entries().asSequence().filter { it.name.endsWith(".class") }
            .associate { it.name to jar.getInputStream(it).readBytes().toString(Charsets.ISO_8859_1) }
    }
}
