package io.hawser.samples.published

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.collections.shouldNotBeEmpty
import io.kotest.matchers.shouldBe
import java.lang.reflect.Modifier
import kotlin.io.path.exists
import kotlin.io.path.isRegularFile
import kotlin.io.path.readText

/** What the modules tell native-image is what their code reaches by name, all of it, and nothing else. It does not run native-image. */
class ReachabilitySpec : StringSpec({
    for (module in PublishedModule.all) {
        "$module describes what it reaches by name" {
            val metadata = metadataOf(module)
            val described = metadata.types.map { it.site } + metadata.resources.map { it.site }
            // Services need no description: native-image reads META-INF/services itself.
            val reaching = module.classes.filter { it.reached.any { call -> call !in services } }
            reaching.map { it.name }.toSet().shouldContainExactlyInAnyOrder(described.toSet())
            for (site in reaching) {
                withClue(site.name) {
                    describes(site, metadata.types.filter { it.site == site.name })
                    metadata.resources.filter { it.site == site.name }.map { it.glob } shouldContainAll resourcesOf(module, site)
                }
            }
            for (resource in metadata.resources) withClue(resource.glob) { module.resource(resource.glob).exists() shouldBe true }
        }
    }

    "resources that a class has the names of are seen, from the root and beside it" {
        val samples = ClassFile(bytesOf(Finding::class.java))
        val there = setOf("io/hawser/samples/published/beside", "at/the/root")
        samples.resources { it in there }.shouldContainExactlyInAnyOrder(there)
    }

    "calls that reach something by name are seen" {
        ClassFile(bytesOf(Reaching::class.java)).reached.shouldContainExactlyInAnyOrder(
            "java.lang.Class.forName",
            "java.lang.Class.getDeclaredMethod",
            "java.lang.Class.getResource",
            "java.util.ServiceLoader.load",
            "java.lang.Class.getEnclosingMethod",
            "java.lang.reflect.Array.newInstance",
            "kotlin.reflect.KClass.getSealedSubclasses",
        )
    }

    "a description that is not of the format is refused" {
        shouldThrow<IllegalArgumentException> { ReachabilityMetadata.parse("""{"reflect": []}""") }
        shouldThrow<IllegalArgumentException> { ReachabilityMetadata.parse("""{"reflection": [{"condition": {"typeReachable": "A"}}]}""") }
    }
})

/** The members of a JDK that is newer than the oldest, by the version that has them first: without them the code goes another way. */
private val newer = mapOf(
    "java.util.concurrent.Executors.newVirtualThreadPerTaskExecutor" to 21,
    "javax.net.ssl.SSLParameters.getNamedGroups" to 20,
    "javax.net.ssl.SSLParameters.setNamedGroups" to 20,
)

private val services = setOf("java.util.ServiceLoader.load")

private val reaching = Regex(
    """java\.lang\.Class\.(forName|newInstance|getResource.*|get(Declared)?(Method|Field|Constructor|Classe)s?|getRecordComponents)|""" +
        """java\.lang\.Class\.(getPermittedSubclasses|getEnclosing(Class|Method|Constructor)|getDeclaringClass)|""" +
        """java\.lang\.reflect\.Array\.newInstance|javax\.naming\..*|""" +
        """kotlin\.reflect\.KClass\.get(Members|Constructors|NestedClasses|ObjectInstance|SealedSubclasses|Supertypes|Annotations)|""" +
        """java\.lang\.(ClassLoader|Module)\.(get(System)?Resource.*|resources|loadClass)|""" +
        """java\.util\.ServiceLoader\.load.*|java\.lang\.reflect\.Proxy\..*|java\.lang\.(System|Runtime)\.load(Library)?|""" +
        """java\.lang\.invoke\.MethodHandles\.(privateLookupIn|classData.*)|""" +
        """java\.lang\.invoke\.MethodHandles\${'$'}Lookup\.(find.*|unreflect.*|define.*|accessClass|bind)|""" +
        """java\.util\.concurrent\.atomic\.Atomic\w+FieldUpdater\.newUpdater|java\.util\.ResourceBundle\.getBundle|""" +
        """java\.io\.Object(In|Out)putStream\.<init>|kotlin\.reflect\.(full|jvm)\..*|kotlinx\.serialization\.SerializersKt.*""",
)

/** The calls of it by which something is reached that the call does not name itself. */
private val ClassFile.reached: Set<String> get() = members.filter(reaching::matches).toSet()

/** What [exists] of the resources that its strings may be the names of, from the root. */
private fun ClassFile.resources(exists: (String) -> Boolean): Set<String> =
    strings.flatMap { listOf(it.removePrefix("/"), "${name.substringBeforeLast('.').replace('.', '/')}/$it") }.filter(exists).toSet()

private fun resourcesOf(module: PublishedModule, site: ClassFile): Set<String> =
    site.resources { '\u0000' !in it && module.resource(it).isRegularFile() }

private fun bytesOf(type: Class<*>): ByteArray =
    checkNotNull(type.getResourceAsStream("${type.name.substringAfterLast('.')}.class")).use { it.readBytes() }

private fun metadataOf(module: PublishedModule): ReachabilityMetadata {
    val file = module.resource("META-INF/native-image/io.hawser/$module/reachability-metadata.json")
    return if (file.exists()) ReachabilityMetadata.parse(file.readText()) else ReachabilityMetadata(emptyList(), emptyList())
}

/** That [types] are there, and are what [site] has the names of. */
private fun describes(site: ClassFile, types: List<ReachabilityMetadata.Type>) {
    val found = types.associateWith { checkNotNull(find(it.name)) { "${it.name} is no class" } }
    for ((type, found) in found) {
        type.methods.forEach { check(it in found || "${type.name}.${it.name}".isNewer()) { "$found has no ${it.name}${it.parameters}" } }
        type.fields.forEach { found.getDeclaredField(it) }
    }

    val named = types.flatMap { type -> type.methods.map { it.name } + type.fields }.toSet()
    site.strings.shouldContainAll(named)
    val known = found.values.flatMap { if (it.name == site.name) it.updated() else it.members() }.toSet()
    named.shouldContainAll(site.strings.filter { it in known })

    val reachable = site.strings + site.strings.flatMap { prefix -> site.strings.map { prefix.removeSuffix("\u0001") + it } }
    val byName = reachable.filter { '.' in it && find(it) != null }
    types.map { it.name }.shouldContainAll(byName)
    val parts = found.values.flatMap { it.permittedSubclasses.orEmpty().toList() }.map { it.name }
    if ("java.lang.Class.getPermittedSubclasses" in
        site.reached
    ) {
        types.map { it.name }.shouldContainAll(parts.also { it.shouldNotBeEmpty() })
    }
    (byName + parts + site.classes).shouldContainAll(types.map { it.name })
}

/** What can be reached by name in a class that reaches into itself, whose strings are the names of parameters too: what updaters update. */
private fun Class<*>.updated() = declaredFields.filter { Modifier.isVolatile(it.modifiers) }.map { it.name }

private fun Class<*>.members() = declaredMethods.map { it.name } + declaredFields.map { it.name }

private operator fun Class<*>.contains(method: ReachabilityMetadata.Method): Boolean =
    declaredMethods.any { it.name == method.name && it.parameterTypes.map(Class<*>::getTypeName) == method.parameters }

private fun String.isNewer(): Boolean = newer[this]?.let { Runtime.version().feature() < it } == true

private fun find(name: String): Class<*>? = try {
    Class.forName(name, false, ReachabilitySpec::class.java.classLoader)
} catch (_: ReflectiveOperationException) {
    null
} catch (_: LinkageError) {
    null
}

/** Something to look at. */
@Suppress("unused")
private class Reaching {
    fun byName() = Class.forName("no.such.Class").getDeclaredMethod("name")

    fun resource() = Reaching::class.java.getResource("name")

    fun service() = java.util.ServiceLoader.load(Runnable::class.java)

    fun around() = javaClass.enclosingMethod

    fun array(type: Class<*>): Any = java.lang.reflect.Array.newInstance(type, 1)

    fun parts(type: kotlin.reflect.KClass<*>) = type.sealedSubclasses
}

/** Something with names in it. */
@Suppress("unused")
private class Finding {
    fun beside() = Finding::class.java.getResource("beside")

    fun atTheRoot() = Finding::class.java.getResource("/at/the/root")

    fun nowhere() = Finding::class.java.getResource("nowhere")
}
