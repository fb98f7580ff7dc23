package io.hawser.samples.published

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeUnique
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import java.lang.module.Configuration
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

    "all modules resolve together, and the transports are found as services" {
        val finder = ModuleFinder.of(*PublishedModule.all.map { it.jar }.toTypedArray())
        val names = finder.findAll().map { it.descriptor().name() }
        val layer = ModuleLayer.boot().configuration().resolve(finder, ModuleFinder.of(), names)
        layer.modules().map(java.lang.module.ResolvedModule::name).shouldContainExactlyInAnyOrder(names)
        val services = descriptorOf(layer, "io.hawser.tcp").provides()
        services.map { it.service() }.shouldContain("io.hawser.transport.StreamTransport")
    }
})

private fun descriptorOf(configuration: Configuration, module: String): ModuleDescriptor =
    configuration.findModule(module).orElseThrow().reference().descriptor()
