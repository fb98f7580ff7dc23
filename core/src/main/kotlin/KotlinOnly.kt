package io.hawser

/** Marks what is for callers in Kotlin: its types, or its name, are of no use in Java, which has a twin of it or no need. */
@Retention(AnnotationRetention.RUNTIME)
@Target(AnnotationTarget.CLASS, AnnotationTarget.CONSTRUCTOR, AnnotationTarget.FUNCTION, AnnotationTarget.PROPERTY_GETTER)
@MustBeDocumented
public annotation class KotlinOnly
