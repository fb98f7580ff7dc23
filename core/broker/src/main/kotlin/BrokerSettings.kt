package io.hawser.broker

import io.hawser.broker.wire.Frame
import io.hawser.reconnect.LinkOptions
import io.hawser.settings.Kinds
import io.hawser.settings.Schema
import io.hawser.settings.SchemaBuilder
import io.hawser.settings.Schemas
import io.hawser.settings.Secret
import io.hawser.settings.Section
import io.hawser.settings.SettingsApi
import io.hawser.settings.SettingsProvider
import io.hawser.settings.backoff
import io.hawser.settings.schema
import java.util.UUID
import kotlin.reflect.KMutableProperty1

/** A broker or somebody at one, as it is being put together. */
@SettingsApi
internal class BrokerPlan<B : Any>(name: String, val options: B) {
    var on: String = name
    var channel: UUID? = null
    var token: Secret? = null
    var size: Int = 10

    fun channel(): UUID = requireNotNull(channel) { "channel is missing: a UUID" }
}

/** Who gets a request. */
internal enum class Choice(val make: () -> ProviderChoice) {
    LeastInFlight({ ProviderChoice.leastInFlight }),
    RoundRobin({ ProviderChoice.roundRobin() }),
    Random({ ProviderChoice.random() }),
}

/** Options of a broker with the choice that is not to be read back. */
internal class BrokerOptionsPlan {
    val builder: BrokerOptions.Builder = BrokerOptions.builder()
    var choice: Choice = Choice.LeastInFlight
}

/** Brokers in files: `[broker.x]`, `[consumer.x]`, `[consumer-pool.x]` and `[provider.x]`. */
@SettingsApi
public class BrokerSettings : SettingsProvider {
    override val sections: List<Section<*, *>> = listOf(broker, consumer, consumerPool, provider)

    private companion object {
        private val orZero = Kinds.int(0..Int.MAX_VALUE)
        private const val CLIENT = "the table [client.x] that it connects by; by default of the same name"

        val broker = Section(
            "broker",
            Broker::class.java,
            fresh = { name -> BrokerPlan(name, BrokerOptionsPlan()) },
            schema = schema {
                on("server", "the table [server.x] that it runs on; by default of the same name")
                include(brokerOptions().within { it.options.builder })
                setting(
                    "choice",
                    Kinds.enum<Choice>(),
                    "who gets a request",
                    { it.options.choice },
                    { plan, choice ->
                        plan.options.choice = choice
                        plan.options.builder.choice = choice.make()
                    },
                    setOf("choice"),
                )
                codeOnly("admission", "who may do what is code")
                codeOnly("router", "where requests go is code")
            },
            make = { plan, parts -> Broker(parts.server(plan.on), plan.options.builder.build()) },
        )

        val consumer = Section(
            "consumer",
            Consumer::class.java,
            fresh = { name -> BrokerPlan(name, ConsumerOptions.builder()) },
            schema = atChannel(consumerOptions()),
            make = { plan, parts -> Consumer(parts.client(plan.on), plan.channel(), plan.asking()) },
        )

        val consumerPool = Section(
            "consumer-pool",
            ConsumerPool::class.java,
            fresh = { name -> BrokerPlan(name, ConsumerOptions.builder()) },
            schema = schema {
                include(atChannel(consumerOptions()))
                setting(BrokerPlan<ConsumerOptions.Builder>::size, Kinds.count, "connections, which ask in turn")
            },
            make = { plan, parts -> ConsumerPool(parts.client(plan.on), plan.channel(), plan.size, plan.asking()) },
        )

        val provider = Section(
            "provider",
            Provider::class.java,
            fresh = { name -> BrokerPlan(name, ProviderOptions.builder()) },
            schema = atChannel(providerOptions()),
            make = { plan, parts ->
                plan.token?.let { plan.options.token(it.bytes()) }
                Provider(parts.client(plan.on), plan.channel(), plan.options.build())
            },
        )

        fun BrokerPlan<ConsumerOptions.Builder>.asking(): ConsumerOptions {
            token?.let { options.token(it.bytes()) }
            return options.build()
        }

        fun <B : Any> SchemaBuilder<BrokerPlan<B>>.on(part: String, about: String): Unit =
            setting(part, Kinds.name, about, BrokerPlan<B>::on::get, BrokerPlan<B>::on::set, setOf(part))

        fun <B : Any> atChannel(options: Schema<B>): Schema<BrokerPlan<B>> = schema {
            on("client", CLIENT)
            setting(
                "channel",
                Kinds.uuid.orNull("none"),
                "the name of the channel",
                { it.channel },
                { plan, channel -> plan.channel = channel },
                setOf("channel"),
            )
            setting("token", Kinds.secret.orNull("none"), "what it shows the broker's admission", { it.token }, { plan, token ->
                plan.token =
                    token
            }, setOf("token"))
            include(Schema(options.within { it.options }, options.codeOnly))
        }

        fun brokerOptions(): Schema<BrokerOptions.Builder> = schema {
            setting(
                BrokerOptions.Builder::maxFrame,
                Kinds.size(Frame.SMALLEST_MAX_FRAME..Frame.LARGEST_MAX_FRAME),
                "the longest payload of a frame in bytes",
            )
            setting(BrokerOptions.Builder::maxHeaders, Kinds.size(2..Int.MAX_VALUE), "headers of a request or reply in bytes")
            setting(BrokerOptions.Builder::window, Kinds.size(1024..Int.MAX_VALUE), "bytes of a body that may be under way")
            setting(BrokerOptions.Builder::maxInFlightPerConnection, Kinds.count, "requests at a time that one connection asks")
            setting(BrokerOptions.Builder::maxInFlight, Kinds.count, "requests at a time in all")
            setting(BrokerOptions.Builder::maxWaiting, orZero, "requests that wait until a provider has room, or there is one")
            setting(BrokerOptions.Builder::maxQueuedBytes, Kinds.longSize, "bytes that wait to leave one connection, at least two frames")
            setting(BrokerOptions.Builder::maxBytes, Kinds.longSize, "bytes that wait in all")
            setting(BrokerOptions.Builder::maxRegistrations, Kinds.count, "registrations of one connection")
            setting(BrokerOptions.Builder::maxChannels, Kinds.count, "channels on which anybody is registered")
            setting(
                BrokerOptions.Builder::maxRepeatable,
                Kinds.size(0..Int.MAX_VALUE),
                "how much of the body of an idempotent request is kept",
            )
            setting(BrokerOptions.Builder::maxRepeats, orZero, "how often one is given to another provider")
            setting(BrokerOptions.Builder::maxTimeout, Kinds.duration, "for how long a request may go on")
            setting(BrokerOptions.Builder::helloTimeout, Kinds.duration, "how long a client may take to be registered")
            setting(BrokerOptions.Builder::pingEvery, Kinds.timeout, "silence before a client is asked whether it is there")
            setting(BrokerOptions.Builder::pingTimeout, Kinds.duration, "how long it may then say nothing before it is closed")
            setting(BrokerOptions.Builder::remoteStats, Kinds.boolean, "whether who is admitted to their channel gets the statistics there")
        }

        fun consumerOptions(): Schema<ConsumerOptions.Builder> = schema {
            codeOnly("observer", "an observer is code")
            setting(ConsumerOptions.Builder::timeout, Kinds.timeout, "of requests that have none of their own")
            setting(ConsumerOptions.Builder::waitForProvider, Kinds.boolean, "whether the broker is to wait for a provider")
            setting(ConsumerOptions.Builder::idempotent, Kinds.boolean, "whether requests that do not say so may be run twice")
            setting(ConsumerOptions.Builder::attemptTimeout, Kinds.timeout, "how long one attempt may take, of all that the request may")
            setting(ConsumerOptions.Builder::maxReply, Kinds.size(0..Int.MAX_VALUE), "the longest reply in bytes that is collected")
            setting(ConsumerOptions.Builder::helloTimeout, Kinds.timeout, "how long the broker may take to register it")
            setting(ConsumerOptions.Builder::pingEvery, Kinds.timeout, "silence before it asks the broker whether it is there")
            setting(ConsumerOptions.Builder::pingTimeout, Kinds.timeout, "how long the broker may take to say anything then")
            backoff(ConsumerOptions.Builder::retry, "what is done about a request that failed; without this table nothing")
            reconnect(ConsumerOptions.Builder::link)
        }

        fun providerOptions(): Schema<ProviderOptions.Builder> = schema {
            setting(ProviderOptions.Builder::prefetch, orZero, "requests that it takes beyond those that are handled")
            setting(ProviderOptions.Builder::helloTimeout, Kinds.timeout, "how long the broker may take to register it")
            setting(ProviderOptions.Builder::pingEvery, Kinds.timeout, "silence before it asks the broker whether it is there")
            setting(ProviderOptions.Builder::pingTimeout, Kinds.timeout, "how long the broker may take to say anything then")
            reconnect(ProviderOptions.Builder::link)
        }

        fun <B : Any> SchemaBuilder<B>.reconnect(link: KMutableProperty1<B, LinkOptions>): Unit = group(
            "reconnect",
            "how it connects again",
            Schemas.link,
            setOf(link.name),
            open = { link.get(it).toBuilder() },
            fresh = { LinkOptions.builder() },
            close = { builder, options -> link.set(builder, options.build()) },
        )
    }
}
