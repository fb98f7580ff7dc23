package io.hawser.config

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.io.File
import java.lang.reflect.InvocationTargetException
import java.net.URLClassLoader
import java.nio.file.Path

/** What is written for a module that is not there says which to add. */
class MissingModuleSpec : StringSpec({
    fun problems(text: String, without: List<String>, environment: Map<String, String>): List<String> {
        val path = file(text)
        val classPath = System.getProperty("java.class.path").split(File.pathSeparator)
            .filter { entry -> without.none { "/$it/target/" in entry || "hawser-${it.substringAfterLast('/')}-" in entry } }
        val loader = URLClassLoader(classPath.map { File(it).toURI().toURL() }.toTypedArray(), ClassLoader.getPlatformClassLoader())
        val before = Thread.currentThread().contextClassLoader
        try {
            Thread.currentThread().contextClassLoader = loader
            val builder = loader.loadClass("io.hawser.config.HawserConfig").getMethod("builder").invoke(null)
            builder.javaClass.getMethod("file", Path::class.java).invoke(builder, path)
            builder.javaClass.getMethod("environment", Map::class.java).invoke(builder, environment)
            builder.javaClass.getMethod("load").invoke(builder)
            return emptyList()
        } catch (e: InvocationTargetException) {
            return e.targetException.message.orEmpty().lines().drop(1).map { it.trim().removePrefix("${path.parent}/") }
        } finally {
            Thread.currentThread().contextClassLoader = before
            loader.close()
        }
    }

    "of hubs, brokers, TLS and Unix sockets" {
        val text = """
            [server.api]
            endpoint = "tcp://127.0.0.1:0"
            mode = "0660"
            tls.enabled = false
            [hub.api]
            max-clients = 1
            [broker.api]
            [server.log]
            endpoint = "unix:/tmp/log.sock"
        """
        val environment = mapOf("HAWSER_CONSUMER_POOL_MAIN_SIZE" to "3")
        problems(text, listOf("core/messaging", "core/broker", "unix", "tls"), environment) shouldBe listOf(
            "HAWSER_CONSUMER_POOL_MAIN_SIZE needs a module that is not there: add io.hawser:hawser-broker to the class path",
            "app.toml:5:1: hub needs a module that is not there: add io.hawser:hawser-messaging to the class path",
            "app.toml:7:1: broker needs a module that is not there: add io.hawser:hawser-broker to the class path",
            "app.toml:3:1: server.api.mode needs a module that is not there: add io.hawser:hawser-unix to the class path",
            "app.toml:4:1: server.api.tls needs a module that is not there: add io.hawser:hawser-tls to the class path",
            "app.toml:8:1: server.log cannot be had: there is no transport for unix:/tmp/log.sock: add io.hawser:hawser-unix to the class path",
        )
    }
})
