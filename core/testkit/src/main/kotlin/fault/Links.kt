package io.hawser.testkit.fault

import java.util.concurrent.ConcurrentHashMap
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update

/** The connections that a proxy carries. Any thread. */
internal class Links {
    private val carried = ConcurrentHashMap.newKeySet<Link>()
    private val published = MutableStateFlow(0)

    /** Never more than [forEach] reaches. */
    val count: StateFlow<Int> = published.asStateFlow()

    /** Has [link] be one of them until [carry] returns. */
    inline fun hold(link: Link, carry: () -> Unit) {
        carried.add(link)
        published.update { it + 1 }
        try {
            carry()
        } finally {
            published.update { it - 1 }
            carried.remove(link)
        }
    }

    fun forEach(action: (Link) -> Unit): Unit = carried.forEach(action)
}
