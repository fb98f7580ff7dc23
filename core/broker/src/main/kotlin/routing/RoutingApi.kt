package io.hawser.broker.routing

/** Marks what a [Router] is made of. Who asks and answers never needs it. It may change its shape between minor versions. */
@RequiresOptIn("This is for authors of routers; requests are made by a Consumer and answered by a Provider.")
@Retention(AnnotationRetention.BINARY)
@Target(AnnotationTarget.CLASS, AnnotationTarget.FUNCTION, AnnotationTarget.PROPERTY, AnnotationTarget.CONSTRUCTOR)
public annotation class RoutingApi
