package io.hawser.config.reading

import io.hawser.settings.Extension
import io.hawser.settings.Section
import io.hawser.settings.SettingsApi
import io.hawser.settings.SettingsProvider
import java.util.ServiceConfigurationError
import java.util.ServiceLoader
import org.slf4j.LoggerFactory

/**
 * What the modules on the class path have that can be said in files: those that this library's own class loader sees, and those of the
 * calling thread's context class loader.
 */
@SettingsApi
internal class Providers private constructor(found: List<SettingsProvider>) {
    val sections: List<Section<*, *>> = found.flatMap { it.sections }
    val extensions: List<Extension<*, *>> = found.flatMap { it.extensions }

    companion object {
        private val log = LoggerFactory.getLogger(Providers::class.java)
        private val own by lazy { load(Providers::class.java.classLoader) }

        fun now(): Providers {
            val context = Thread.currentThread().contextClassLoader
            val others = if (context === Providers::class.java.classLoader) emptyList() else load(context)
            return Providers(own + others.filter { other -> own.none { it.javaClass.name == other.javaClass.name } })
        }

        /** One that cannot be loaded is missed by who needs it. */
        private fun load(from: ClassLoader?): List<SettingsProvider> {
            val found = mutableListOf<SettingsProvider>()
            val failures = mutableSetOf<String>()
            val providers = ServiceLoader.load(SettingsProvider::class.java, from).iterator()
            while (true) {
                val failure = try {
                    if (!providers.hasNext()) return found
                    found += providers.next()
                    continue
                } catch (e: ServiceConfigurationError) {
                    e
                } catch (e: LinkageError) {
                    e
                }
                // A class loader that cannot be read fails in the same way for ever.
                if (!failures.add("$failure")) return found
                log.warn("a module's settings cannot be read, so what is written for it is refused", failure)
            }
        }
    }
}
