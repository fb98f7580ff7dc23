package io.hawser.transport

import io.hawser.Endpoint
import io.hawser.Scheme
import io.hawser.refuse
import java.util.ServiceConfigurationError
import java.util.ServiceLoader

/**
 * The transports of one [kind] on the class path, or on the module path: those that this library's own class loader sees, and after them
 * those of the calling thread's context class loader.
 */
@OptIn(TransportApi::class)
internal class Transports<T : Transport> private constructor(private val kind: Class<T>, private val carriesDatagrams: Boolean) {
    private val own: List<Result<T>> by lazy { load(Transports::class.java.classLoader) }

    /**
     * The transport of [endpoint].
     *
     * @throws IllegalArgumentException if it has none of this kind.
     * @throws IllegalStateException naming the artifact, if the module that brings it is missing or broken.
     */
    fun of(endpoint: Endpoint): T {
        val scheme = Scheme.of(endpoint.scheme)
        if (scheme != null && (if (carriesDatagrams) !scheme.hasDatagrams else !scheme.hasStreams)) {
            refuse(
                if (carriesDatagrams) "$scheme carries streams and no datagrams" else "$scheme carries datagrams and no stream",
                "$endpoint",
            )
        }
        own.providing(endpoint)?.let { return it }
        val others = load(Thread.currentThread().contextClassLoader)
        others.providing(endpoint)?.let { return it }
        val remedy = scheme?.let { "add io.hawser:${it.artifact} to the class path" } ?: "no module of Hawser has one"
        val absent = IllegalStateException("there is no transport for $endpoint: $remedy")
        (own + others).mapNotNull { it.exceptionOrNull() }.forEach(absent::addSuppressed)
        throw absent
    }

    private fun List<Result<T>>.providing(endpoint: Endpoint): T? =
        firstNotNullOfOrNull { result -> result.getOrNull()?.takeIf { endpoint.scheme in it.schemes } }

    /** One that cannot be loaded is nobody's loss but its own users'. */
    private fun load(from: ClassLoader?): List<Result<T>> {
        val found = mutableListOf<Result<T>>()
        val providers = ServiceLoader.load(kind, from).iterator()
        while (true) {
            val result = try {
                if (!providers.hasNext()) return found
                Result.success(providers.next())
            } catch (e: ServiceConfigurationError) {
                Result.failure(e)
            } catch (e: LinkageError) {
                Result.failure(e)
            } catch (e: RuntimeException) {
                Result.failure(e)
            }
            // A class loader that cannot be read fails in the same way for ever.
            val failure = result.exceptionOrNull()?.toString()
            if (failure != null && found.any { it.exceptionOrNull()?.toString() == failure }) return found
            found += result
        }
    }

    companion object {
        val streams: Transports<StreamTransport> = Transports(StreamTransport::class.java, carriesDatagrams = false)
        val datagrams: Transports<DatagramTransport> = Transports(DatagramTransport::class.java, carriesDatagrams = true)
    }
}
