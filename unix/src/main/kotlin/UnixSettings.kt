package io.hawser.unix

import io.hawser.DatagramClient
import io.hawser.DatagramServer
import io.hawser.Endpoint
import io.hawser.StreamServer
import io.hawser.settings.Extension
import io.hawser.settings.Kind
import io.hawser.settings.Kinds
import io.hawser.settings.Schema
import io.hawser.settings.SettingsApi
import io.hawser.settings.SettingsProvider
import io.hawser.settings.TextKind
import io.hawser.settings.schema
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermission

/** Whose the file of a socket is, as it is being put together. */
internal class SocketFilePlan {
    var mode: Set<PosixFilePermission> = SocketFile().permissions
    var group: String? = null

    val isDefault: Boolean get() = mode == SocketFile().permissions && group == null

    fun build(): SocketFile = SocketFile {
        permissions = mode
        group = this@SocketFilePlan.group
    }
}

/** What a client of datagrams is called, as it is being put together. */
internal class ClientNamePlan {
    var bindTo: Path? = null
    val file = SocketFilePlan()
}

/** Unix sockets in files: the keys `mode` and `group` of servers, and `bind-to` of clients of datagrams. */
@SettingsApi
public class UnixSettings : SettingsProvider {
    override val extensions: List<Extension<*, *>> = listOf(streamServer, datagramServer, datagramClient)

    private companion object {
        private const val OCTAL = 8
        private const val HIGHEST = 256

        /** From the owner's right to read, the highest bit, down to what others may execute. */
        private val permissions = PosixFilePermission.values().asList()

        private val mode: Kind<Set<PosixFilePermission>> = TextKind("three octal digits such as \"0660\" or \"600\"", ::octal) { text, _ ->
            require(Regex("0?[0-7]{3}").matches(text)) { "digits from 0 to 7 say who may what" }
            val bits = text.toInt(OCTAL)
            permissions.filterIndexedTo(LinkedHashSet()) { index, _ -> bits and (HIGHEST shr index) != 0 }
        }

        val streamServer = Extension(
            StreamServer::class.java,
            null,
            "whose the file of the socket is",
            file(),
            fresh = { SocketFilePlan() },
            refusal = ::refusal,
            extend = { server, plan, endpoint -> Unix.server(pathOf(endpoint), server.options, plan.build()) },
        )

        val datagramServer = Extension(
            DatagramServer::class.java,
            null,
            "whose the file of the socket is",
            file(),
            fresh = { SocketFilePlan() },
            refusal = ::refusal,
            extend = { server, plan, endpoint -> UnixDatagram.server(pathOf(endpoint), server.options, plan.build()) },
        )

        val datagramClient = Extension(
            DatagramClient::class.java,
            null,
            "what the client is called, so that it can be answered",
            schema<ClientNamePlan> {
                setting(ClientNamePlan::bindTo, Kinds.path.orNull("auto"), "its own socket; auto for a name that nobody else has")
                include(file().within(ClientNamePlan::file))
            },
            fresh = { ClientNamePlan() },
            refusal = { endpoint ->
                if (endpoint.scheme == UnixDatagram.SCHEME) null else "it is of Unix datagrams, and $endpoint is no socket of those"
            },
            extend = { client, plan, endpoint ->
                require(plan.bindTo != null || plan.file.isDefault) { "mode and group are of bind-to, which is auto" }
                val name = plan.bindTo?.let { ClientName.of(it, plan.file.build()) } ?: UnixDatagram.AUTO
                UnixDatagram.client((endpoint as Endpoint.Local).name, name, client.options)
            },
        )

        fun file(): Schema<SocketFilePlan> = schema {
            setting(
                "mode",
                mode,
                "permissions of the file, whatever the umask is",
                SocketFilePlan::mode::get,
                SocketFilePlan::mode::set,
                setOf("permissions"),
            )
            setting(SocketFilePlan::group, Kinds.name.orNull("process"), "a name or a number; by default the process's")
        }

        /** Why a file of a socket has no place at [endpoint], or null. */
        fun refusal(endpoint: Endpoint): String? = when {
            endpoint !is Endpoint.Local || endpoint.scheme !in setOf(Unix.SCHEME, UnixDatagram.SCHEME) ->
                "it is of Unix sockets, and $endpoint is none"

            endpoint.name.startsWith('@') -> "it is of files, and no file stands for $endpoint"

            else -> null
        }

        fun pathOf(endpoint: Endpoint): Path = Path.of((endpoint as Endpoint.Local).name)

        private fun octal(mode: Set<PosixFilePermission>): String =
            "0" + mode.sumOf { HIGHEST shr permissions.indexOf(it) }.toString(OCTAL).padStart(3, '0')
    }
}
