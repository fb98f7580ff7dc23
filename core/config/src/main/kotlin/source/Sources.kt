package io.hawser.config.source

import java.nio.file.Path

/** Where a configuration is read from. Immutable. */
internal class Sources(
    val files: List<Path>,
    /** Read after [files], if it is there. */
    val userFile: Path?,
    val environment: Map<String, String>,
    /** What code says, by key. */
    val values: Map<List<String>, String>,
    /** What code changes, by the first two names of a key: of a builder. */
    val changes: Map<List<String>, List<(Any) -> Unit>>,
)
