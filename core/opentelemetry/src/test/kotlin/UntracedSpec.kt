package io.hawser.opentelemetry

import io.hawser.blocking.Blocking
import io.hawser.broker.Broker
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.io.File
import java.net.URLClassLoader

class UntracedSpec : StringSpec({
    "without brokers and blocking handlers connections are traced all the same" {
        val optional = listOf(Broker::class, Blocking::class).map { File(it.java.protectionDomain.codeSource.location.toURI()) }
        val rest = System.getProperty("java.class.path").split(File.pathSeparator).map(::File).filter { it.exists() && it !in optional }
        URLClassLoader(rest.map { it.toURI().toURL() }.toTypedArray(), ClassLoader.getPlatformClassLoader()).use { loader ->
            shouldThrow<ClassNotFoundException> { loader.loadClass(Broker::class.java.name) }
            shouldThrow<ClassNotFoundException> { loader.loadClass(Blocking::class.java.name) }
            val thread = Thread.currentThread()
            val before = thread.contextClassLoader
            thread.contextClassLoader = loader
            try {
                loader.loadClass(Unaided::class.java.name).getMethod("names").invoke(null) shouldBe "connect, serve"
            } finally {
                thread.contextClassLoader = before
            }
        }
    }
})
