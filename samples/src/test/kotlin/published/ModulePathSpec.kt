package io.hawser.samples.published

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeUnique
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import java.lang.module.ModuleDescriptor
import java.lang.module.ModuleFinder
import java.util.jar.JarFile

/** The jars are modules by name, which those who write a module of their own can require. */
class ModulePathSpec : StringSpec({
    fun descriptor(module: PublishedModule): ModuleDescriptor = ModuleFinder.of(module.jar).findAll().single().descriptor()

    for (module in PublishedModule.all) {
        "$module is a module that is named after its root package" {
            val descriptor = descriptor(module)
            descriptor.isAutomatic shouldBe true
            JarFile(module.jar.toFile()).use { it.manifest.mainAttributes.getValue("Automatic-Module-Name") } shouldBe descriptor.name()
            descriptor.packages().minBy { it.length } shouldBe descriptor.name()
            descriptor.packages().filterNot { "$it.".startsWith("${descriptor.name()}.") } shouldBe emptyList()
        }
    }

    "no two modules have a name or a package in common" {
        val descriptors = PublishedModule.all.map(::descriptor)
        descriptors.map { it.name() }.shouldBeUnique()
        descriptors.flatMap { it.packages() }.shouldBeUnique()
    }

    "all modules resolve together, and what they serve with is found" {
        val finder = ModuleFinder.of(*PublishedModule.all.map { it.jar }.toTypedArray())
        val names = finder.findAll().map { it.descriptor().name() }
        val layer = ModuleLayer.boot().configuration().resolve(finder, ModuleFinder.of(), names)
        layer.modules().map(java.lang.module.ResolvedModule::name).shouldContainExactlyInAnyOrder(names)
        val provided = layer.modules().flatMap { module ->
            module.reference().descriptor().provides().flatMap { service -> service.providers().map { service.service() to it } }
        }
        provided.groupBy({ it.first }, { it.second }).mapValues { it.value.sorted() } shouldBe mapOf(
            "io.hawser.transport.StreamTransport" to listOf(
                "io.hawser.tcp.TcpTransport",
                "io.hawser.testkit.memory.MemoryTransport",
                "io.hawser.tls.TlsTransport",
                "io.hawser.unix.UnixTransport",
            ),
            "io.hawser.transport.DatagramTransport" to listOf(
                "io.hawser.testkit.memory.MemoryDatagramTransport",
                "io.hawser.udp.UdpTransport",
                "io.hawser.unix.UnixDatagramTransport",
            ),
            "io.hawser.settings.SettingsProvider" to listOf(
                "io.hawser.broker.BrokerSettings",
                "io.hawser.messaging.MessagingSettings",
                "io.hawser.tls.TlsSettings",
                "io.hawser.unix.UnixSettings",
            ),
        )
        for ((service, provider) in provided) {
            Class.forName(service).isAssignableFrom(Class.forName(provider).getConstructor().declaringClass) shouldBe true
        }
    }
})
