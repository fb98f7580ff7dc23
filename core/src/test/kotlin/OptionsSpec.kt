package io.hawser

import io.hawser.engine.EventLoopGroup
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import java.lang.reflect.Modifier
import java.net.InetAddress
import java.net.NetworkInterface
import java.net.StandardProtocolFamily
import kotlin.time.Duration
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.Job

class OptionsSpec : StringSpec({
    "options say what they are" {
        val connection =
            "handshakeTimeout=10s, readTimeout=Infinity, writeTimeout=Infinity, idleTimeout=Infinity, closeTimeout=1s, " +
                "readRate=9223372036854775807, writeRate=9223372036854775807, socket=${SocketOptions()}, group=shared, listeners=[]"
        ServerOptions().toString() shouldBe "ServerOptions(backlog=511, maxConnections=2147483647, whenFull=Refuse, " +
            "maxConnectionsPerHost=2147483647, acceptRate=2147483647, acceptRatePerHost=2147483647, " +
            "totalReadRate=9223372036854775807, totalWriteRate=9223372036854775807, " +
            "admission=everyone, admissionClasses=[], admissionAfterHandshake=everyone, " +
            "onDrain=AwaitHandlers, handlerContext=EmptyCoroutineContext, $connection)"
        ClientOptions { connectTimeout = 3.seconds }.toString() shouldBe
            "ClientOptions(connectTimeout=3s, attemptDelay=250ms, $connection)"
        SocketOptions {
            keepAlive = true
            keepAliveIdle = 60.seconds
            linger = Duration.ZERO
            family = StandardProtocolFamily.INET6
        }.toString() shouldBe
            "SocketOptions(noDelay=true, keepAlive=true, keepAliveIdle=1m, keepAliveInterval=null, keepAliveCount=null, " +
            "linger=0s, receiveBuffer=null, sendBuffer=null, reuseAddress=true, reusePort=false, broadcast=false, " +
            "multicastInterface=null, multicastTimeToLive=null, multicastLoopback=null, family=INET6, beforeBind=null, " +
            "beforeConnect=null, afterAccept=null)"
    }

    "a block of its own describes the sockets" {
        val options = ServerOptions {
            idleTimeout = 60.seconds
            socket {
                noDelay = false
                sendBuffer = 4096
            }
        }
        options.socket.noDelay shouldBe false
        options.socket.sendBuffer shouldBe 4096
        options.idleTimeoutAsJava() shouldBe java.time.Duration.ofSeconds(60)
        options.readTimeoutAsJava() shouldBe null
        options.closeTimeoutAsJava() shouldBe java.time.Duration.ofSeconds(1)
        ServerOptions { closeTimeout = Duration.INFINITE }.closeTimeoutAsJava() shouldBe null
    }

    "a builder of socket options begins with all of them" {
        val hook = ChannelHook {}
        val options = SocketOptions.builder()
            .noDelay(false).keepAlive(true).keepAliveIdle(java.time.Duration.ofSeconds(1))
            .keepAliveInterval(java.time.Duration.ofSeconds(2)).keepAliveCount(3)
            .linger(java.time.Duration.ZERO).receiveBuffer(4).sendBuffer(5).reuseAddress(false).reusePort(true).broadcast(true)
            .multicastInterface(NetworkInterface.getByInetAddress(InetAddress.getLoopbackAddress())).multicastTimeToLive(6)
            .multicastLoopback(false).family(StandardProtocolFamily.INET6)
            .beforeBind(hook).beforeConnect(hook).afterAccept(hook)
            .build()
        val fields = SocketOptions::class.java.declaredFields.filterNot {
            Modifier.isStatic(it.modifiers)
        }.onEach { it.isAccessible = true }
        val copy = options.toBuilder().build()
        for (field in fields) {
            withClue(field.name) {
                field.get(options) shouldNotBe field.get(SocketOptions())
                field.get(copy) shouldBe field.get(options)
            }
        }
    }

    fun Class<*>.values(of: Any) = generateSequence(this) { it.superclass }.takeWhile { it != Any::class.java }
        .flatMap { it.declaredFields.asSequence() }.filterNot { Modifier.isStatic(it.modifiers) }
        .onEach { it.isAccessible = true }.associate { it.name to it.get(of) }

    "a builder of server or client options begins with all of them" {
        val context = CoroutineName("handlers")
        val all = ServerOptions {
            backlog = 1
            maxConnections = 2
            whenFull = WhenFull.Pause
            maxConnectionsPerHost = 3
            acceptRate = 4
            acceptRatePerHost = 5
            totalReadRate = 6
            totalWriteRate = 7
            admission = Admission { true }
            admissionClasses = listOf(AdmissionClass("one", Admission.everyone))
            admissionAfterHandshake = Admission { true }
            onDrain = OnDrain.EndInput
            handlerContext = context
            handshakeTimeout = 1.seconds
            readTimeout = 2.seconds
            writeTimeout = 3.seconds
            idleTimeout = 4.seconds
            closeTimeout = 5.seconds
            readRate = 8
            writeRate = 9
            socket { noDelay = false }
            group = EventLoopGroup.shared
            onEvent { }
        }
        val client = ClientOptions {
            connectTimeout = 3.seconds
            attemptDelay = 1.seconds
            idleTimeout = 9.seconds
        }
        val datagrams = DatagramServerOptions {
            maxDatagramSize = 1
            concurrency = 2
            queueCount = 3
            queueBytes = 4
            whenQueueFull = WhenQueueFull.DropOldest
            replyRate = 5
            replyTimeout = 6.seconds
            admission = Admission { true }
            handlerContext = context
            socket { broadcast = true }
            group = EventLoopGroup.shared
            onEvent { }
        }
        for ((name, value) in ServerOptions::class.java.values(all)) {
            withClue(name) { value shouldNotBe ServerOptions::class.java.values(ServerOptions())[name] }
        }
        for ((name, value) in DatagramServerOptions::class.java.values(datagrams)) {
            withClue(name) { value shouldNotBe DatagramServerOptions::class.java.values(DatagramServerOptions())[name] }
        }
        ServerOptions::class.java.values(all.toBuilder().build()) shouldBe ServerOptions::class.java.values(all)
        ClientOptions::class.java.values(client.toBuilder().build()) shouldBe ClientOptions::class.java.values(client)
        DatagramServerOptions::class.java.values(datagrams.toBuilder().build()) shouldBe
            DatagramServerOptions::class.java.values(datagrams)
    }

    "options know whether somebody has chosen them" {
        val plain = ClientOptions()
        plain.chosenOr(1.seconds, plain::connectTimeout) shouldBe 1.seconds
        val chosen = ClientOptions.builder().connectTimeout(java.time.Duration.ofSeconds(10)).writeTimeout(null).build()
        chosen.chosenOr(1.seconds, chosen::connectTimeout) shouldBe 10.seconds
        chosen.chosenOr(1.seconds, chosen::writeTimeout) shouldBe Duration.INFINITE
        chosen.chosenOr(1.seconds, chosen::handshakeTimeout) shouldBe 1.seconds
        SocketOptions().keepAliveIsChosen shouldBe false
        SocketOptions { keepAlive = false }.keepAliveIsChosen shouldBe true
    }

    val refused = mapOf<String, () -> Any>(
        "backlog < 1: 0" to { ServerOptions { backlog = 0 } },
        "maxConnections < 1: 0" to { ServerOptions { maxConnections = 0 } },
        "maxConnectionsPerHost < 1: -1" to { ServerOptions { maxConnectionsPerHost = -1 } },
        "acceptRate < 1: 0" to { ServerOptions { acceptRate = 0 } },
        "acceptRatePerHost < 1: -2" to { ServerOptions { acceptRatePerHost = -2 } },
        "totalReadRate < 1: 0" to { ServerOptions { totalReadRate = 0 } },
        "totalWriteRate < 1: -7" to { ServerOptions { totalWriteRate = -7 } },
        "readRate < 1: 0" to { ClientOptions { readRate = 0 } },
        "writeRate < 1: -1" to { ServerOptions { writeRate = -1 } },
        "the name of an admission class is blank: \" \"" to { AdmissionClass(" ", Admission.everyone) },
        "reserved < 0: -3 (admission class staff)" to { AdmissionClass("staff", Admission.everyone, reserved = -3) },
        "admissionClasses has 2 called staff" to {
            ServerOptions { admissionClasses = List(2) { AdmissionClass("staff", Admission.everyone) } }
        },
        "admissionClasses reserve 3 places of no maxConnections" to {
            ServerOptions { admissionClasses = listOf(AdmissionClass("staff", Admission.everyone, reserved = 3)) }
        },
        "admissionClasses reserve 11 of 10 maxConnections" to {
            ServerOptions {
                maxConnections = 10
                admissionClasses = listOf(4, 7).map { AdmissionClass("class $it", Admission.everyone, reserved = it) }
            }
        },
        "handshakeTimeout is not positive: 0s" to { ServerOptions { handshakeTimeout = Duration.ZERO } },
        "readTimeout is not positive: -1s" to { ServerOptions { readTimeout = (-1).seconds } },
        "writeTimeout is not positive: 0s" to { ClientOptions { writeTimeout = Duration.ZERO } },
        "idleTimeout is not positive: 0s" to { ClientOptions { idleTimeout = Duration.ZERO } },
        "closeTimeout is not positive: 0s" to { ServerOptions { closeTimeout = Duration.ZERO } },
        "connectTimeout is not positive: 0s" to { ClientOptions { connectTimeout = Duration.ZERO } },
        "attemptDelay is not positive: 0s" to { ClientOptions { attemptDelay = Duration.ZERO } },
        "keepAliveCount < 1: 0" to {
            SocketOptions {
                keepAlive = true
                keepAliveCount = 0
            }
        },
        "keepAliveIdle is not a whole number of seconds from 1 to 32767: 1.5s" to {
            SocketOptions {
                keepAlive = true
                keepAliveIdle = 1500.milliseconds
            }
        },
        "keepAliveInterval is not a whole number of seconds from 1 to 32767: 1d" to {
            SocketOptions {
                keepAlive = true
                keepAliveInterval = 1.days
            }
        },
        "keepAlive is off, but has timers: keepAliveIdle=1m, keepAliveInterval=null, keepAliveCount=null" to {
            SocketOptions { keepAliveIdle = 60.seconds }
        },
        "receiveBuffer < 1: 0" to { SocketOptions { receiveBuffer = 0 } },
        "sendBuffer < 1: -5" to { SocketOptions { sendBuffer = -5 } },
        "family is neither INET nor INET6: UNIX" to { SocketOptions { family = StandardProtocolFamily.UNIX } },
    )
    for ((text, options) in refused) {
        "\"$text\" is what wrong options say" {
            shouldThrow<IllegalArgumentException> { options() }.message shouldBe text
        }
    }

    "what would hold up a loop, or outlive its server, is refused with the reason" {
        shouldThrow<IllegalArgumentException> { SocketOptions { linger = 5.seconds } }.message shouldContain
            "linger is neither null nor zero: 5s"
        shouldThrow<IllegalArgumentException> { ServerOptions { handlerContext = Job() } }.message shouldContain "handlerContext has a Job"
    }
})
