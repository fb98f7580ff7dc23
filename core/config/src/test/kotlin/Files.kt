package io.hawser.config

import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.writeText

/** A file called app.toml in a folder of its own, which has [text]. */
internal fun file(text: String): Path = Files.createTempDirectory("hawser-config").resolve("app.toml").also {
    it.writeText(text.trimIndent() + "\n")
}

/** What [text] comes to in an empty environment. */
internal fun config(text: String, environment: Map<String, String> = emptyMap(), block: ConfigBuilder.() -> Unit = {}): HawserConfig =
    HawserConfig.load {
        file(file(text))
        environment(environment)
        block()
    }

/** What is wrong with [text], without the folder it is in. */
internal fun problems(text: String, environment: Map<String, String> = emptyMap(), block: ConfigBuilder.() -> Unit = {}): List<String> {
    val path = file(text)
    val failure = try {
        HawserConfig.load {
            file(path)
            environment(environment)
            block()
        }
        return emptyList()
    } catch (e: InvalidConfiguration) {
        e
    }
    return failure.problems.map { "$it".replace("${path.parent}/", "") }
}
