package io.hawser.testkit.fault

import kotlin.properties.ReadWriteProperty
import kotlin.reflect.KProperty
import kotlin.time.Duration

/** A time by which something is late, and which can be waited for. Any thread. */
internal class Lateness : ReadWriteProperty<Any, Duration> {
    @Volatile
    private var time = Duration.ZERO

    override fun getValue(thisRef: Any, property: KProperty<*>): Duration = time

    override fun setValue(thisRef: Any, property: KProperty<*>, value: Duration) {
        require(!value.isNegative() && value.isFinite()) { "${property.name} is not finite and >= 0: $value" }
        time = value
    }
}
