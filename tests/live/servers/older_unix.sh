#!/bin/sh
# A client of MariaDB whose connection, over the Unix socket, is older than footfall: it asks twenty times while footfall
# watches. Prints footfall's JSON.
#
#   older_unix.sh DIRECTORY PID
set -eu
directory=$1 pid=$2
mkfifo "$directory/statements"
mariadb -n -S "$directory/mariadb.sock" -u root < "$directory/statements" > "$directory/answers" &
client=$!
exec 3> "$directory/statements"
echo 'SELECT 1;' >&3
while ! grep -q 1 "$directory/answers"; do sleep 0.05; done
"$FOOTFALL" record --json --stacks none -p "$pid" > "$directory/session.json" 2> "$directory/log" 3>&- &
watcher=$!
while ! grep -q recording "$directory/log"; do sleep 0.05; done
for _ in $(seq 20); do echo 'SELECT 2;' >&3; done
exec 3>&-
wait $client
sleep 0.3
kill -INT $watcher
wait $watcher
cat "$directory/session.json"
