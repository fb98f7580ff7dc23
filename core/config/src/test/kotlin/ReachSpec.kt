package io.hawser.config

import io.hawser.ClientOptions
import io.hawser.DatagramClientOptions
import io.hawser.DatagramServerOptions
import io.hawser.ServerOptions
import io.hawser.SocketOptions
import io.hawser.broker.BrokerOptions
import io.hawser.broker.ConsumerOptions
import io.hawser.broker.ProviderOptions
import io.hawser.config.reading.Providers
import io.hawser.config.reading.Shape
import io.hawser.engine.EventLoopOptions
import io.hawser.framing.SessionOptions
import io.hawser.messaging.HubClientOptions
import io.hawser.messaging.HubOptions
import io.hawser.messaging.NamedHubOptions
import io.hawser.reconnect.CircuitBreakerOptions
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.OutboxOptions
import io.hawser.reconnect.PoolOptions
import io.hawser.settings.Entry
import io.hawser.settings.Group
import io.hawser.settings.Groups
import io.hawser.settings.Schema
import io.hawser.settings.SettingsApi
import io.hawser.tls.ClientTls
import io.hawser.tls.ServerTls
import io.hawser.unix.SocketFile
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import java.lang.reflect.Modifier
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.extension
import kotlin.io.path.isDirectory

/** Whatever code can set, a file can, or says why not. */
@OptIn(SettingsApi::class)
class ReachSpec : StringSpec({
    val schemas = schemas()

    for ((builder, names) in builders) {
        "every option of ${builder.enclosingClass.simpleName} is one of a table, or left to code for a reason" {
            val schema = schemas.entries.single { it.key == names }.value
            val reached = schema.entries.flatMap { it.options } + schema.codeOnly.keys + elsewhere[builder.enclosingClass].orEmpty()
            withClue("not to be reached") { (optionsOf(builder) - reached.toSet()).shouldBeEmpty() }
            val own = shared[builder.enclosingClass] ?: builder
            withClue("no such option") { (schema.codeOnly.keys - optionsOf(own)).shouldBeEmpty() }
            schema.codeOnly.values.none { it.isBlank() } shouldBe true
        }
    }

    "there are no other options" {
        val known = builders.keys.map { it.enclosingClass }.toSet() + unreachable.keys
        builderClasses().filter { it.enclosingClass !in known }.shouldBeEmpty()
        unreachable.values.none { it.isBlank() } shouldBe true
    }

    "every table and key has a line for people, and a name as they write it" {
        for ((path, schema) in schemas) {
            for (entry in schema.entries) {
                withClue("$path.${entry.name}") {
                    entry.about shouldNotBe ""
                    Regex("[a-z][a-z0-9-]*").matches(entry.name) shouldBe true
                }
            }
        }
    }
})

/** Where the options of a builder stand. */
private val builders: Map<Class<*>, String> = mapOf(
    ServerOptions.Builder::class.java to "server of streams",
    DatagramServerOptions.Builder::class.java to "server of datagrams",
    ClientOptions.Builder::class.java to "client of streams",
    DatagramClientOptions.Builder::class.java to "client of datagrams",
    SocketOptions.Builder::class.java to "client of streams.socket",
    LinkOptions.Builder::class.java to "client of streams.reconnect",
    OutboxOptions.Builder::class.java to "client of streams.reconnect.outbox",
    PoolOptions.Builder::class.java to "client of streams.pool",
    CircuitBreakerOptions.Builder::class.java to "client of streams.circuit-breaker",
    SessionOptions.Builder::class.java to "client of streams.session",
    ServerTls.Builder::class.java to "server of streams.tls",
    ClientTls.Builder::class.java to "client of streams.tls",
    SocketFile.Builder::class.java to "server of streams",
    HubOptions.Builder::class.java to "hub",
    HubClientOptions.Builder::class.java to "hub-client",
    NamedHubOptions.Builder::class.java to "named-hubs",
    BrokerOptions.Builder::class.java to "broker",
    ConsumerOptions.Builder::class.java to "consumer",
    ProviderOptions.Builder::class.java to "provider",
)

/** What options are written as that are called otherwise in code, each of which a test of its own reads. */
private val elsewhere: Map<Class<*>, Set<String>> = mapOf(
    // `certificate`, `key`, `store`; `session-cache` and `session-timeout`; `provider`, and `pins`.
    ServerTls::class.java to setOf("identity", "sessionCache", "conscrypt"),
    ClientTls::class.java to setOf("identity", "sessionCache", "conscrypt", "pin"),
)

/** Whose table it shares. */
private val shared: Map<Class<*>, Class<*>> = mapOf(SocketFile::class.java to ServerOptions.Builder::class.java)

private val unreachable: Map<Class<*>, String> = mapOf(
    EventLoopOptions::class.java to "event loops are made and closed by code",
    HawserConfig::class.java to "it reads files",
)

/** Every schema by where it stands. */
@SettingsApi
private fun schemas(): Map<String, Schema<*>> = buildMap {
    val providers = Providers.now()
    for (shape in Shape.all) {
        val path = "${shape.word} of ${if (shape.isDatagram) "datagrams" else "streams"}"
        collect(path, Schema(shape.entries(providers.extensions), shape.options.codeOnly))
    }
    for (section in providers.sections) collect(section.name, section.schema)
}

@SettingsApi
private fun MutableMap<String, Schema<*>>.collect(path: String, schema: Schema<*>) {
    put(path, schema)
    for (entry: Entry<*> in schema.entries) {
        when (entry) {
            is Group<*, *> -> collect("$path.${entry.name}", entry.schema)
            is Groups<*, *> -> collect("$path.${entry.name}.x", entry.schema)
            else -> Unit
        }
    }
}

/** What can be called on it to set something. */
private fun optionsOf(builder: Class<*>): Set<String> =
    builder.methods.filter { Modifier.isPublic(it.modifiers) && !it.isBridge && it.declaringClass != Any::class.java }
        .map { it.name.substringBefore('-') }
        .map { if (Regex("[gs]et[A-Z].*").matches(it)) it.drop(3).replaceFirstChar(Char::lowercase) else it }
        .filter { it != "build" && it != "self" && '$' !in it }
        .toSet()

/** Every class called `Builder` of the modules on the class path. */
private fun builderClasses(): List<Class<*>> = System.getProperty("java.class.path").split(':').map { Path.of(it) }
    .filter { it.isDirectory() && it.fileName.toString() == "classes" && "testkit" !in "$it" }
    .flatMap { root ->
        Files.walk(root).use { files ->
            files.filter { it.extension == "class" && it.fileName.toString().endsWith("\$Builder.class") }
                .map { root.relativize(it).toString().removeSuffix(".class").replace('/', '.') }.toList()
        }
    }
    .map { Class.forName(it) }
    .filterNot { Modifier.isAbstract(it.modifiers) }
