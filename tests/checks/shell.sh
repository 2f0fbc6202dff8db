#!/usr/bin/env bash
# Runs shellcheck on every shell script of the repository.
set -euo pipefail
cd "$(dirname "$0")/../.."

grep -rlE '^#!.*(bash|busybox sh|/sh)' .ci packaging tests --include='*' --exclude-dir=corpus | sort | xargs -r shellcheck
