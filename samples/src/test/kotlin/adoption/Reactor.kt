package io.hawser.samples.adoption

import java.nio.file.Files
import java.nio.file.Path
import java.util.jar.JarFile
import java.util.zip.CRC32
import java.util.zip.ZipFile
import kotlin.io.path.Path
import kotlin.io.path.exists
import kotlin.io.path.getLastModifiedTime
import kotlin.io.path.isRegularFile
import kotlin.io.path.readBytes
import kotlin.io.path.relativeTo
import kotlin.streams.asSequence
import org.opentest4j.TestAbortedException

/** The build that these tests belong to. */
internal object Reactor {
    val folder: Path = Path("..").toRealPath()
    val parent = Pom(folder.resolve("pom.xml"))
    val modules: List<Pom> = parent.modules.map { Pom(it.resolve("pom.xml")) }
    val bom: Pom = modules.single { it.artifact == "hawser-bom" }
    val version: String = checkNotNull(bom.text("version"))
    val libraries: List<Pom> = modules.filter { it.isPublished && it.isJar }

    /** Where Maven is, and where it keeps what it has fetched. */
    val mavenHome: Path by lazy { fromMaven("maven.home") }
    val localRepository: Path by lazy { fromMaven("maven.repo.local") }

    /** Skips the test, except under CI, where this build has not made all [libraries] yet, as with `mvn test`. */
    fun requireJars() = libraries.forEach { jar(it) }

    /** Skips the test, except under CI, where this build has not made that of [library] yet. */
    fun jar(library: Pom): Path {
        val jar = library.built(".jar")
        require(jar.exists()) { "$jar has not been built: mvn verify does" }
        require(packed(jar) == compiled(library)) { "$jar is of an earlier build: mvn verify makes a new one" }
        return jar
    }

    /** Skips the test, except under CI, where [library] was built with another JDK than this one. */
    fun requireSameJdk(library: Pom) {
        val jdk = JarFile(library.built(".jar").toFile()).use { it.manifest.mainAttributes.getValue("Build-Jdk-Spec") }
        require(jdk == "${Runtime.version().feature()}") { "$library has been built with JDK $jdk: mvn clean verify makes a new one" }
    }

    /** Skips the test, except under CI, where Maven was offline, and so left out the bill of materials. */
    fun bill(library: Pom): BillOfMaterials {
        val file = library.file.resolveSibling("target/bom.json")
        val newest = classes(library).files().plusElement(library.file).maxOf { it.getLastModifiedTime() }
        require(file.exists() && file.getLastModifiedTime() >= newest) {
            "$file is not of this build: Maven makes it where it is not offline"
        }
        return BillOfMaterials(file)
    }

    private fun classes(library: Pom): Path = library.file.resolveSibling("target/classes")

    private fun compiled(library: Pom): Map<String, Long> = classes(library).let { folder ->
        folder.files().associate { "${it.relativeTo(folder)}" to CRC32().apply { update(it.readBytes()) }.value }
    }

    /** A jar that would be the same is not written again, so that its time says nothing. */
    private fun packed(jar: Path): Map<String, Long> = ZipFile(jar.toFile()).use { zip ->
        zip.entries().toList().filterNot { it.isDirectory || it.name == "META-INF/MANIFEST.MF" || it.name.startsWith("META-INF/maven/") }
            .associate { it.name to it.crc }
    }

    private fun fromMaven(name: String): Path {
        val value = System.getProperty(name)
        require(value != null) { "these tests were not started by Maven, which tells them its $name" }
        return Path(value)
    }

    private fun require(condition: Boolean, otherwise: () -> String) {
        if (condition) return
        check(System.getenv("CI") != "true", otherwise)
        throw TestAbortedException(otherwise())
    }
}

/** All files in this folder, at any depth. */
internal fun Path.files(): List<Path> = if (exists()) {
    Files.walk(this).use { all ->
        all.asSequence().filter { it.isRegularFile() }.toList()
    }
} else {
    emptyList()
}
