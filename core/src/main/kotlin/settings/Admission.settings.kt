@file:OptIn(SettingsApi::class)

package io.hawser.settings

import io.hawser.Admission
import io.hawser.AdmissionClass
import io.hawser.ReloadableAdmission
import io.hawser.ServerOptions
import kotlin.reflect.KMutableProperty1

/** Who is let in by address, as it is being put together; the rule that it makes can be exchanged by a later one. */
@SettingsApi
public class AdmissionPlan internal constructor(earlier: AdmissionPlan?) {
    internal var allow: List<String> = emptyList()
    internal var deny: List<String> = emptyList()

    /** What servers ask; it admits everybody until the plan is committed. */
    internal val live: ReloadableAdmission = earlier?.live ?: ReloadableAdmission(Admission.everyone)

    private val isLater = earlier != null

    internal fun commit(): Set<String> {
        live.rule = rule(allow, deny)
        return if (isLater) setOf("allow", "deny") else emptySet()
    }

    public companion object {
        /** What can be written of one. */
        public val schema: Schema<AdmissionPlan> = schema {
            setting(AdmissionPlan::allow, Kinds.blocks, "addresses that may connect; none for all")
            setting(AdmissionPlan::deny, Kinds.blocks, "addresses that may not, though they may by `allow`")
        }
    }
}

/** The table of the option `admission`. */
internal fun <B : Any> SchemaBuilder<B>.admission(property: KMutableProperty1<in B, Admission>): Unit = group(
    "admission",
    "who may connect, by address; changes count at once",
    AdmissionPlan.schema,
    open = { null },
    fresh = ::AdmissionPlan,
    close = { builder, plan -> property.set(builder, plan.live) },
    commit = AdmissionPlan::commit,
)

/** An [AdmissionClass] as it is being put together. */
@SettingsApi
public class AdmissionClassPlan internal constructor(private val name: String) {
    internal var allow: List<String> = emptyList()
    internal var deny: List<String> = emptyList()
    internal var reserved: Int = 0

    internal fun build(): AdmissionClass = AdmissionClass(name, rule(allow, deny), reserved)

    public companion object {
        /** What can be written of one. */
        public val schema: Schema<AdmissionClassPlan> = schema {
            setting(AdmissionClassPlan::allow, Kinds.blocks, "addresses of those who are in it; none for all")
            setting(AdmissionClassPlan::deny, Kinds.blocks, "addresses of those who are not, though they are by `allow`")
            setting(AdmissionClassPlan::reserved, Kinds.int(0..Int.MAX_VALUE), "places for it, of `max-connections`")
        }
    }
}

/** The tables of the option `admissionClasses`. */
internal fun SchemaBuilder<ServerOptions.Builder>.admissionClasses(): Unit = groups(
    "admission-classes",
    "who has places of his own, by address, the most important first",
    AdmissionClassPlan.schema,
    setOf("admissionClasses"),
    fresh = { name, _ -> AdmissionClassPlan(name) },
    close = { builder, all -> builder.admissionClasses = all.map { it.build() } },
)

private fun rule(allow: List<String>, deny: List<String>): Admission = listOfNotNull(
    allow.takeIf { it.isNotEmpty() }?.let { Admission.allow(*it.toTypedArray()) },
    deny.takeIf { it.isNotEmpty() }?.let { Admission.deny(*it.toTypedArray()) },
).reduceOrNull(Admission::and) ?: Admission.everyone
