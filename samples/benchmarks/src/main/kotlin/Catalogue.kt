package io.hawser.benchmarks

/**
 * Every object of a sealed [type], so that a new one joins by its file alone.
 *
 * The compiler lists the subclasses of a sealed type in the class file (JEP 409), which spares a list that is kept by hand.
 */
internal fun <T : Any> objectsOf(type: Class<T>): List<T> = type.permittedSubclasses.flatMap { subclass ->
    if (subclass.isSealed) {
        objectsOf(subclass.asSubclass(type))
    } else {
        listOf(type.cast(subclass.getField("INSTANCE").get(null)))
    }
}
