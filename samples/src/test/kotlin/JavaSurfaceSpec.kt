package io.hawser.samples

import io.hawser.Connection
import io.hawser.KotlinOnly
import io.hawser.blocking.Blocking
import io.hawser.broker.Broker
import io.hawser.config.HawserConfig
import io.hawser.messaging.Message
import io.hawser.micrometer.ServerMetrics
import io.hawser.tcp.Tcp
import io.hawser.testkit.Memory
import io.hawser.tls.ServerTls
import io.hawser.udp.Udp
import io.hawser.unix.Unix
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.lang.reflect.Executable
import java.lang.reflect.Method
import java.lang.reflect.Modifier
import java.net.URI
import java.nio.file.FileSystems
import java.nio.file.Files
import java.nio.file.Path
import kotlin.coroutines.Continuation
import kotlin.io.path.extension
import kotlin.reflect.KFunction
import kotlin.reflect.KVisibility
import kotlin.reflect.full.declaredMemberProperties
import kotlin.reflect.jvm.javaGetter
import kotlin.reflect.jvm.javaMethod
import kotlin.reflect.jvm.javaSetter
import kotlin.reflect.jvm.kotlinFunction

/** What Java sees of each module, it can use. */
class JavaSurfaceSpec : StringSpec({
    val modules = mapOf(
        "core" to Connection::class.java,
        "testkit" to Memory::class.java,
        "blocking" to Blocking::class.java,
        "messaging" to Message::class.java,
        "broker" to Broker::class.java,
        "config" to HawserConfig::class.java,
        "micrometer" to ServerMetrics::class.java,
        "opentelemetry" to Class.forName("io.hawser.opentelemetry.ClientTracing"),
        "tcp" to Tcp::class.java,
        "udp" to Udp::class.java,
        "unix" to Unix::class.java,
        "tls" to ServerTls::class.java,
    )
    for ((module, known) in modules) {
        "$module shows Java no type and no name that it cannot use" {
            val surface = classesBeside(known).filter(::isPublic).flatMap(::callables)
            surface.size shouldBeGreaterThan 4
            surface.filter { it.isForeign }.joinToString("\n") { it.toGenericString() } shouldBe ""
        }
    }
})

/** Function types, coroutines outside suspending functions, durations and value classes of Kotlin. */
private val foreign =
    Regex("""kotlin\.jvm\.functions\.|kotlin\.coroutines\.Continuation|kotlin\.time\.|kotlin\.U(Int|Long|Byte|Short)\b|kotlin\.Result\b""")

private val Executable.isForeign: Boolean get() = '-' in name || foreign.containsMatchIn(toGenericString())

private val Executable.isForKotlin: Boolean
    get() = isAnnotationPresent(KotlinOnly::class.java) || declaringClass.isAnnotationPresent(KotlinOnly::class.java)

/** A suspending function has one more parameter in Java, and returns whatever it likes. */
private val Executable.suspends: Boolean
    get() = this is Method && returnType == Any::class.java && parameterTypes.lastOrNull() == Continuation::class.java

private fun classesBeside(known: Class<*>): List<Class<*>> {
    val place = Path.of(known.protectionDomain.codeSource.location.toURI())
    fun under(root: Path) = Files.walk(root).use { files ->
        files.filter {
            it.extension == "class" && "META-INF" !in "$it" && "module-info" !in "$it"
        }.map { root.relativize(it).toString() }.toList()
    }
    val files = if (Files.isDirectory(place)) {
        under(place)
    } else {
        FileSystems.newFileSystem(URI("jar:${place.toUri()}"), emptyMap<String, Any>()).use { under(it.getPath("/")) }
    }
    return files.map { it.removeSuffix(".class").replace('/', '.') }.filter { it.startsWith("io.hawser.") }
        .map { Class.forName(it, false, known.classLoader) }
}

private fun isPublic(type: Class<*>): Boolean {
    if (!Modifier.isPublic(type.modifiers) || type.isSynthetic || type.isAnonymousClass || type.isLocalClass) return false
    if (type.declaringClass?.let(::isPublic) == false) return false
    return !type.isKotlin || type.isFile || type.kotlin.visibility == KVisibility.PUBLIC
}

private val Class<*>.metadata: Metadata? get() = getAnnotation(Metadata::class.java)
private val Class<*>.isKotlin: Boolean get() = metadata != null

/** Its functions stand in a file, not in a class. */
private val Class<*>.isFile: Boolean get() = metadata?.kind?.let { it != 1 } == true

private fun callables(type: Class<*>): List<Executable> {
    val accessors = if (!type.isKotlin || type.isFile) {
        emptyMap()
    } else {
        type.kotlin.declaredMemberProperties.filter { it.visibility != KVisibility.PRIVATE }.flatMap {
            listOf(
                it.javaGetter to it.visibility,
                (it as? kotlin.reflect.KMutableProperty<*>)?.javaSetter to it.visibility,
            )
        }.toMap()
    }
    return (type.declaredMethods.toList() + type.declaredConstructors)
        .filter { Modifier.isPublic(it.modifiers) || Modifier.isProtected(it.modifiers) }
        .filterNot { it.isSynthetic || it.suspends || it.isForKotlin }
        .filter { executable ->
            if (!type.isKotlin) return@filter true
            if (executable in accessors) return@filter accessors[executable] == KVisibility.PUBLIC
            val function: KFunction<*>? = when (executable) {
                is Method -> executable.kotlinFunction
                else -> (executable as java.lang.reflect.Constructor<*>).kotlinFunction
            }
            // What Kotlin does not know of is made by the compiler for Java: overloads, statics.
            function == null || function.visibility.let { it == KVisibility.PUBLIC || it == KVisibility.PROTECTED }
        }
}
