package io.hawser

/**
 * Marks what is not settled: it works and is tested, but may change or go in any release, also in one that otherwise breaks nothing.
 *
 * Whoever uses it says so with `@OptIn(ExperimentalHawserApi::class)`, and looks into the changelog before each update.
 */
@RequiresOptIn("This may change or go in any release of Hawser.")
@Retention(AnnotationRetention.BINARY)
@Target(
    AnnotationTarget.CLASS,
    AnnotationTarget.FUNCTION,
    AnnotationTarget.PROPERTY,
    AnnotationTarget.CONSTRUCTOR,
    AnnotationTarget.TYPEALIAS,
)
@MustBeDocumented
public annotation class ExperimentalHawserApi
