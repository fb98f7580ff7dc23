package io.hawser.messaging.wire

/** The first bytes of MessagePack's values, by its specification. */
internal object Format {
    const val POSITIVE_FIXINT_MAX = 0x7f
    const val FIXMAP = 0x80
    const val FIXMAP_MAX = 0x8f
    const val FIXARRAY = 0x90
    const val FIXARRAY_MAX = 0x9f
    const val FIXSTR = 0xa0
    const val FIXSTR_MAX = 0xbf
    const val NIL = 0xc0
    const val NEVER_USED = 0xc1
    const val FALSE = 0xc2
    const val TRUE = 0xc3
    const val BIN8 = 0xc4
    const val BIN16 = 0xc5
    const val BIN32 = 0xc6
    const val EXT8 = 0xc7
    const val EXT16 = 0xc8
    const val EXT32 = 0xc9
    const val FLOAT32 = 0xca
    const val FLOAT64 = 0xcb
    const val UINT8 = 0xcc
    const val UINT16 = 0xcd
    const val UINT32 = 0xce
    const val UINT64 = 0xcf
    const val INT8 = 0xd0
    const val INT16 = 0xd1
    const val INT32 = 0xd2
    const val INT64 = 0xd3
    const val FIXEXT1 = 0xd4
    const val FIXEXT16 = 0xd8
    const val STR8 = 0xd9
    const val STR16 = 0xda
    const val STR32 = 0xdb
    const val ARRAY16 = 0xdc
    const val ARRAY32 = 0xdd
    const val MAP16 = 0xde
    const val MAP32 = 0xdf
    const val NEGATIVE_FIXINT = 0xe0

    /** The most that a fixmap or fixarray has. */
    const val FIX_COUNT = 0xf

    /** The longest fixstr. */
    const val FIX_LENGTH = 0x1f
}
