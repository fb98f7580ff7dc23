package io.hawser.opentelemetry

import io.hawser.blocking.Blocking
import io.hawser.broker.Broker
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.io.File
import java.net.URLClassLoader
import kotlin.reflect.KClass

class UntracedSpec : StringSpec({
    "without brokers and blocking handlers connections are traced all the same" {
        without(Broker::class, Blocking::class) { call(Unaided::class) } shouldBe "connect, serve"
    }

    "without blocking handlers requests are" {
        without(Blocking::class) { call(UnaidedBroker::class) } shouldBe "broker answer, broker request"
    }
})

/** Runs [block] with a class loader that has all but the modules of [absent]. */
private fun <R> without(vararg absent: KClass<*>, block: ClassLoader.() -> R): R {
    val optional = absent.map { File(it.java.protectionDomain.codeSource.location.toURI()) }
    val rest = System.getProperty("java.class.path").split(File.pathSeparator).map(::File).filter { it.exists() && it !in optional }
    return URLClassLoader(rest.map { it.toURI().toURL() }.toTypedArray(), ClassLoader.getPlatformClassLoader()).use { loader ->
        for (known in absent) shouldThrow<ClassNotFoundException> { loader.loadClass(known.java.name) }
        val thread = Thread.currentThread()
        val before = thread.contextClassLoader
        thread.contextClassLoader = loader
        try {
            loader.block()
        } finally {
            thread.contextClassLoader = before
        }
    }
}

/** What `names` of [known] says there. */
private fun ClassLoader.call(known: KClass<*>): Any? = loadClass(known.java.name).getMethod("names").invoke(null)
