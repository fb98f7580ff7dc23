package io.hawser.samples.cli

import picocli.CommandLine.IVersionProvider

/** The version in the manifest of the jar; classes that come from no jar have none. */
internal class ManifestVersion : IVersionProvider {
    override fun getVersion(): Array<String> = arrayOf("hawser $current")

    companion object {
        val current: String = ManifestVersion::class.java.`package`.implementationVersion ?: "(not packaged)"
    }
}
