package io.hawser.testkit

import io.hawser.Admission
import io.hawser.AdmissionClass
import io.hawser.AdmissionClassTotals
import io.hawser.Connection
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.event.Refusal
import io.hawser.event.ServerEvent
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch

/** Who comes in where places are kept for some. */
class AdmissionClassSpec : StringSpec({
    extension(LeakCheck)

    /** Whoever connects next is of this class. */
    var next = ""

    fun named(name: String, reserved: Int) = AdmissionClass(name, { next == name }, reserved)

    fun limited(limit: Int, vararg classes: AdmissionClass) = ServerOptions {
        maxConnections = limit
        admissionClasses = classes.toList()
    }

    /** One who says that he is of the class [name], or null if he is refused. */
    suspend fun VirtualTime.come(server: RunningServer, name: String): Connection? {
        next = name
        val connection = client(server).connect()
        return if (connection.readLine() == "hello") connection else null.also { connection.close() }
    }

    suspend fun VirtualTime.serving(options: ServerOptions) = server(options).start(this) {
        it.writeLine("hello")
        it.readLine()
    }

    /** Lets those who left be counted out. */
    suspend fun leave(vararg connections: Connection?) {
        connections.forEach { it?.close() }
        delay(1.milliseconds)
    }

    "places that are reserved are for those of the class and of those before it" {
        virtualTime {
            val refusals = mutableListOf<Refusal>()
            val server = serving(limited(4, named("admin", 1), named("staff", 2)))
            val watch = launch(start = UNDISPATCHED) {
                server.events.collect { if (it is ServerEvent.Refused) refusals += it.reason }
            }
            val guest = come(server, "guest")
            (guest != null) shouldBe true
            come(server, "guest") shouldBe null
            val staff = List(2) { come(server, "staff") }
            staff.none { it == null } shouldBe true
            come(server, "staff") shouldBe null
            val admin = come(server, "admin")
            (admin != null) shouldBe true
            come(server, "admin") shouldBe null
            delay(1.milliseconds)
            refusals shouldContainExactly listOf(
                Refusal.Reserved(listOf("admin", "staff")),
                Refusal.Reserved(listOf("admin")),
                Refusal.TooManyConnections(4),
            )
            "${refusals.first()}" shouldBe "the places that are free are kept for admin, staff"
            server.totals.classes shouldBe listOf(AdmissionClassTotals("admin", 1, 1, 1), AdmissionClassTotals("staff", 2, 2, 1))
            leave(guest, admin)
            // The admin's place is free, and the guest's, which anybody may have.
            val other = come(server, "guest")
            (other != null) shouldBe true
            come(server, "staff") shouldBe null
            val later = come(server, "admin")
            (later != null) shouldBe true
            server.totals.refusedFor shouldBe mapOf(Refusal.Reserved::class.java to 3L, Refusal.TooManyConnections::class.java to 1L)
            server.close()
            leave(other, later, *staff.toTypedArray())
            server.awaitClosed()
            server.totals.classes.map { it.connections } shouldBe listOf(0, 0)
            watch.join()
        }
    }

    "the first may have the places of those behind them" {
        virtualTime {
            val server = serving(limited(3, named("admin", 0), named("staff", 2)))
            val all = List(3) { come(server, "admin") }
            all.none { it == null } shouldBe true
            come(server, "staff") shouldBe null
            leave(*all.toTypedArray())
            come(server, "staff") shouldNotBeRefused true
            server.close()
            server.awaitClosed()
        }
    }

    "a rule that fails is nobody's, and other classes count after a reload" {
        virtualTime {
            val server = serving(limited(2, AdmissionClass("broken", { error("rule") }, reserved = 1), named("staff", 0)))
            val first = come(server, "staff")
            (first != null) shouldBe true
            come(server, "staff") shouldBe null
            server.reload(limited(2, named("staff", 1)))
            server.totals.classes shouldBe listOf(AdmissionClassTotals("staff", 1, 1, 1))
            come(server, "guest") shouldNotBeRefused true
            server.close()
            leave(first)
            server.awaitClosed()
        }
    }

    "whoever comes and goes, nobody has a place that is kept for others" {
        virtualTime {
            val random = Random(5)
            val reserved = mapOf("a" to 2, "b" to 3, "c" to 1)
            val server = serving(limited(10, *reserved.map { (name, places) -> named(name, places) }.toTypedArray()))
            val there = mutableListOf<Pair<String, Connection>>()
            repeat(600) {
                if (there.isNotEmpty() && random.nextInt(5) < 2) {
                    leave(there.removeAt(random.nextInt(there.size)).second)
                } else {
                    val name = listOf("a", "b", "c", "d").random(random)
                    val kept = reserved.entries.takeWhile { it.key != name }
                        .sumOf { (other, places) -> maxOf(0, places - there.count { it.first == other }) }
                    val came = come(server, name)
                    (came != null) shouldBe (there.size + kept < 10)
                    came?.let { there += name to it }
                }
            }
            there.forEach { it.second.close() }
            server.shutdown()
            server.totals.classes.map { it.connections } shouldBe listOf(0, 0, 0)
        }
    }
})

private infix fun Connection?.shouldNotBeRefused(closes: Boolean) {
    (this != null) shouldBe true
    if (closes) this?.close()
}
