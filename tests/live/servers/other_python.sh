#!/usr/bin/env bash
# other_python.sh VERSION ARGUMENT…: runs a CPython that get_servers.sh has fetched; ends with 77 where it has not.
set -euo pipefail

version=$1
home=$(cd "$(dirname "$0")/../../.." && pwd)/build/servers/python$version
shift
if [ -x "$home/bin/python$version" ]; then
  LD_LIBRARY_PATH=$home:$home/lib PYTHONHOME=$home exec "$home/bin/python$version" "$@"
elif [ -x "$home/usr/bin/python$version" ]; then
  libraries=$home/usr/lib/x86_64-linux-gnu
  PYTHONHOME=$home/usr exec "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries" "$home/usr/bin/python$version" "$@"
fi
echo "skip: CPython $version is not there: tests/live/get_servers.sh pythons" >&2
exit 77
