package io.hawser.messaging

import io.hawser.ClientOptions
import io.hawser.ServerOptions
import io.hawser.settings.Kind
import io.hawser.settings.Kinds
import io.hawser.settings.Refused
import io.hawser.settings.Schema
import io.hawser.settings.SchemaBuilder
import io.hawser.settings.Schemas
import io.hawser.settings.Section
import io.hawser.settings.SettingsApi
import io.hawser.settings.SettingsProvider
import io.hawser.settings.TextKind
import io.hawser.settings.schema

/** A hub, or a client of one, as it is being put together: on which server or client, about which event, and how. */
internal class HubPlan<B : Any>(name: String, val options: B) {
    var on: String = name
    var event: String = name
}

/** Hubs in files: `[hub.x]`, `[hub-client.x]` and `[named-hubs.x]`. */
@SettingsApi
public class MessagingSettings : SettingsProvider {
    override val sections: List<Section<*, *>> = listOf(hub, hubClient, namedHubs)

    private companion object {
        private val ports: Kind<IntRange> = TextKind("ports such as 9000-9100", { "${it.first}-${it.last}" }) { text, _ ->
            val (first, last) = Regex("""(\d{1,5})-(\d{1,5})""").matchEntire(text)?.destructured ?: throw Refused(null)
            if (first.toInt() > last.toInt()) throw Refused("the first is over the last")
            if (first.toInt() < 1 || last.toInt() > LAST_PORT) throw Refused("they are not in 1..$LAST_PORT")
            first.toInt()..last.toInt()
        }

        private val orZero = Kinds.int(0..Int.MAX_VALUE)
        private const val SMALLEST_FRAME = 512
        private const val LAST_PORT = 65_535

        val hub = Section(
            "hub",
            MessageHub::class.java,
            fresh = { name -> HubPlan(name, HubOptions.builder()) },
            schema = planned("server", "the table [server.x] that it runs on; by default of the same name", hubOptions()),
            make = { plan, parts -> MessageHub(parts.server(plan.on), plan.event, plan.options.build()) },
        )

        val hubClient = Section(
            "hub-client",
            HubClient::class.java,
            fresh = { name -> HubPlan(name, HubClientOptions.builder()) },
            schema = planned("client", "the table [client.x] that it connects by; by default of the same name", hubClientOptions()),
            make = { plan, parts -> HubClient(parts.client(plan.on), plan.event, plan.options.build()) },
        )

        val namedHubs = Section(
            "named-hubs",
            NamedHubs::class.java,
            fresh = { NamedHubOptions.builder() },
            schema = namedHubOptions(),
            make = { builder, _ -> NamedHubs(builder.build()) },
        )

        fun <B : Any> planned(part: String, about: String, options: Schema<B>): Schema<HubPlan<B>> = schema {
            setting(part, Kinds.name, about, HubPlan<B>::on::get, HubPlan<B>::on::set, setOf(part))
            setting(
                "event",
                Kinds.name,
                "what its messages are about; by default its own name",
                HubPlan<B>::event::get,
                HubPlan<B>::event::set,
            )
            include(options.within { it.options })
        }

        fun hubOptions(): Schema<HubOptions.Builder> = schema {
            setting(HubOptions.Builder::maxClients, Kinds.count, "more are told so, and turned away")
            setting(HubOptions.Builder::allowClientSend, Kinds.boolean, "whether clients may send anything but CONTROL")
            setting(HubOptions.Builder::backlog, orZero, "messages that are kept while nobody is connected")
            setting(HubOptions.Builder::replay, orZero, "how many of the last messages everybody gets who comes")
            setting(HubOptions.Builder::maxQueuedMessages, Kinds.count, "messages that wait for one client")
            setting(HubOptions.Builder::maxQueuedBytes, Kinds.size, "bytes of them together")
            setting(HubOptions.Builder::whenSlow, Kinds.enum(), "what happens to messages for a client whose queue is full")
            setting(HubOptions.Builder::maxReceived, Kinds.count, "messages of clients that wait to be taken")
            setting(HubOptions.Builder::maxReceivedBytes, Kinds.size, "about what they take together in memory")
            setting(HubOptions.Builder::whenReceivedFull, Kinds.enum(), "what happens to those over it")
            setting(HubOptions.Builder::endMalformed, Kinds.boolean, "whether who sends what is no message is disconnected")
            setting(HubOptions.Builder::maxFrame, Kinds.size(SMALLEST_FRAME..Int.MAX_VALUE), "the longest message in bytes, both ways")
            setting(HubOptions.Builder::zone, Kinds.zone, "of the times in messages")
        }

        fun hubClientOptions(): Schema<HubClientOptions.Builder> = schema {
            setting(HubClientOptions.Builder::maxMessages, Kinds.count, "messages that wait to be taken")
            setting(HubClientOptions.Builder::maxMessageBytes, Kinds.size, "about what they may take together in memory")
            setting(HubClientOptions.Builder::pingEvery, Kinds.timeout, "silence before it asks the hub whether it is there")
            setting(HubClientOptions.Builder::pingTimeout, Kinds.duration, "how long the hub may take to say anything then")
            setting(HubClientOptions.Builder::maxFrame, Kinds.size, "the longest message in bytes, both ways")
            setting(HubClientOptions.Builder::zone, Kinds.zone, "of the times in messages")
            group(
                "reconnect",
                "how it connects again",
                Schemas.link,
                setOf("link"),
                open = { it.link.toBuilder() },
                fresh = { HubClientOptions().link.toBuilder() },
                close = { builder, link -> builder.link = link.build() },
            )
        }

        fun namedHubOptions(): Schema<NamedHubOptions.Builder> = schema {
            setting(NamedHubOptions.Builder::socketDir, Kinds.path, "the folder in which hubs and clients find each other")
            setting(NamedHubOptions.Builder::host, Kinds.name, "where hubs on TCP listen; * for everywhere")
            setting(
                NamedHubOptions.Builder::port,
                Kinds.int(0..LAST_PORT).orNull("none"),
                "their port, in place of `ports`; 0 for any that is free",
            )
            setting(NamedHubOptions.Builder::ports, ports, "of which they take the first that is free")
            options("server", "of the servers that hubs run on", Schemas.server, ServerOptions::builder) { server = it.build() }
            options("client", "of the connections of clients", Schemas.client, ClientOptions::builder) { client = it.build() }
        }

        fun <G : Any> SchemaBuilder<NamedHubOptions.Builder>.options(
            name: String,
            about: String,
            schema: Schema<G>,
            fresh: () -> G,
            close: NamedHubOptions.Builder.(G) -> Unit,
        ): Unit = group(name, about, schema, open = { null }, fresh = { fresh() }, close = close)
    }
}
