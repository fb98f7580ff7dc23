package io.hawser.transport

import io.hawser.Endpoint
import io.hawser.Scheme
import io.hawser.refuse
import java.util.ServiceConfigurationError
import java.util.ServiceLoader

/**
 * The transports on the class path, or on the module path: those that this library's own class loader sees, and after them those of the
 * calling thread's context class loader.
 */
@OptIn(TransportApi::class)
internal object StreamTransports {
    private val own: List<Result<StreamTransport>> by lazy { load(StreamTransports::class.java.classLoader) }

    /**
     * The transport of [endpoint].
     *
     * @throws IllegalArgumentException if it has no streams.
     * @throws IllegalStateException naming the artifact, if the module that brings it is missing or broken.
     */
    fun of(endpoint: Endpoint): StreamTransport {
        val scheme = Scheme.of(endpoint.scheme)
        if (scheme?.isDatagram == true) refuse("$scheme carries datagrams and no stream", "$endpoint")
        own.providing(endpoint)?.let { return it }
        val others = load(Thread.currentThread().contextClassLoader)
        others.providing(endpoint)?.let { return it }
        val remedy = scheme?.let { "add io.hawser:${it.artifact} to the class path" } ?: "no module of Hawser has one"
        val absent = IllegalStateException("there is no transport for $endpoint: $remedy")
        (own + others).mapNotNull { it.exceptionOrNull() }.forEach(absent::addSuppressed)
        throw absent
    }

    private fun List<Result<StreamTransport>>.providing(endpoint: Endpoint): StreamTransport? =
        firstNotNullOfOrNull { result -> result.getOrNull()?.takeIf { endpoint.scheme in it.schemes } }

    /** One that cannot be loaded is nobody's loss but its own users'. */
    private fun load(from: ClassLoader?): List<Result<StreamTransport>> {
        val found = mutableListOf<Result<StreamTransport>>()
        val providers = ServiceLoader.load(StreamTransport::class.java, from).iterator()
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
}
