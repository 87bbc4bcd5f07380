package io.matriarch.instance.postgres;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** A scenario in which PostgreSQL's majors differ: it runs on each that is installed, the others run on one. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.FIELD)
@interface EachMajor {
    /** The first major that has what the scenario is about. */
    int since() default 14;
}
