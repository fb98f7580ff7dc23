package io.hawser

/**
 * Those whom [rule] admits to places of their own: of a server's [ServerOptions.maxConnections], [reserved] are for them and for the
 * classes before this one in [ServerOptions.admissionClasses]. They may have more than that, where there is room.
 *
 * The rule is asked as [ServerOptions.admission] is, as soon as somebody has connected. It keeps nobody out, which is for the other: whom
 * it does not admit, or on whom it fails, is of another class, or of none.
 */
public class AdmissionClass @JvmOverloads constructor(
    /**
     * What it is called in refusals and totals. Not blank; another one for each class of a server. A reload that gives it another name makes
     * it another class, in whose places those who are there already are not.
     */
    public val name: String,
    public val rule: Admission,
    /** How many places there are for it. At least 0. */
    public val reserved: Int = 0,
) {
    init {
        require(name.isNotBlank()) { "the name of an admission class is blank: \"$name\"" }
        require(reserved >= 0) { "reserved < 0: $reserved (admission class $name)" }
    }

    override fun toString(): String = "$name ($reserved reserved): $rule"
}

/** What a server's admission class has come to, as it was at one moment. */
public data class AdmissionClassTotals(
    /** [AdmissionClass.name]. */
    public val name: String,
    /** Connections of it that are not closed yet. */
    public val connections: Int,
    /** Connections of it that were let in. */
    public val accepted: Long,
    /** Connections of it that were refused as soon as they had connected. */
    public val refused: Long,
)
