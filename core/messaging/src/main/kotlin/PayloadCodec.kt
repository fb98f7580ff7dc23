package io.hawser.messaging

import java.util.function.Function

/** Makes data of values of one type, and reads them in data. An immutable value: any number of messages may share one. */
public interface PayloadCodec<T> {
    /** The data of a message that says [payload]. */
    public fun encode(payload: T): Map<String, Any?>

    /** The payload that [data] says. May fail as it likes with data that says none. */
    public fun decode(data: Map<String, Any?>): T

    public companion object {
        /** Payloads by two functions. */
        @JvmStatic
        public fun <T> of(encode: Function<in T, out Map<String, Any?>>, decode: Function<in Map<String, Any?>, out T>): PayloadCodec<T> =
            object : PayloadCodec<T> {
                override fun encode(payload: T): Map<String, Any?> = encode.apply(payload)

                override fun decode(data: Map<String, Any?>): T = decode.apply(data)
            }
    }
}
