package io.hawser.settings

/**
 * Marks what options are described with, so that they can be read from files: kinds of values, schemas, sections.
 *
 * Users of files never need it. It keeps its contracts, but may change its shape between minor versions.
 */
@RequiresOptIn("This is for modules that describe options of their own; files are read by HawserConfig of hawser-config.")
@Retention(AnnotationRetention.BINARY)
@Target(
    AnnotationTarget.CLASS,
    AnnotationTarget.FUNCTION,
    AnnotationTarget.PROPERTY,
    AnnotationTarget.CONSTRUCTOR,
    AnnotationTarget.TYPEALIAS,
)
public annotation class SettingsApi
