package io.hawser.tls

import java.nio.file.Path
import java.security.KeyStore
import java.security.KeyStore.PrivateKeyEntry
import java.security.UnrecoverableKeyException
import java.security.cert.X509Certificate

private const val MOST_ALIASES = 20

/** What [store] has under [alias], or its only entry with a private key. */
internal fun pkcs12Material(store: Path, password: CharArray, alias: String?): Material {
    val content = contentOf(store)
    if (content.decodeToString().trimStart().startsWith("-----BEGIN ")) throw invalid(store, "is not PKCS#12, but PEM")
    fun fault(e: Exception) = when {
        e is UnrecoverableKeyException -> invalid(store, "its private key has another password than the one given", e)
        e.cause is UnrecoverableKeyException -> invalid(store, "the password is wrong, or the file is damaged", e)
        else -> invalid(store, "is no PKCS#12 that can be read: ${e.words}", e)
    }
    val entry = reading(::fault) {
        val keys = KeyStore.getInstance("PKCS12").apply { load(content.inputStream(), password) }
        val name = keys.aliasOf(alias, store)
        keys.getEntry(name, KeyStore.PasswordProtection(password)) as PrivateKeyEntry
    }
    return checkedMaterial(entry.certificateChain.filterIsInstance<X509Certificate>(), entry.privateKey, store)
}

private fun KeyStore.aliasOf(wanted: String?, file: Path): String {
    val all = aliases().toList().filter { entryInstanceOf(it, PrivateKeyEntry::class.java) }
    val names = all.take(MOST_ALIASES).joinToString()
    return when {
        all.isEmpty() -> throw invalid(file, "holds no private key with its certificate")
        wanted == null -> all.singleOrNull() ?: throw invalid(file, "holds several private keys, and no alias is given: $names")
        else -> all.find { it.equals(wanted, ignoreCase = true) } ?: throw invalid(file, "holds no private key \"$wanted\", but: $names")
    }
}
