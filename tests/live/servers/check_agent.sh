#!/usr/bin/env bash
# check_agent.sh URL: the agent there is alive and ready, and both of its exposition formats are valid.
set -euo pipefail

curl -sf "$1/-/healthy" > /dev/null
curl -sf "$1/-/ready" > /dev/null
curl -sf "$1/metrics" > metrics.txt
# promtool also gives advice on names, which OpenTelemetry decides: only what it can't parse is an error.
promtool check metrics < metrics.txt > advice.txt 2>&1 || ! grep -q 'error while linting' advice.txt
curl -sf -H 'Accept: application/openmetrics-text; version=1.0.0' "$1/metrics" > openmetrics.txt
/usr/bin/python3 -c 'import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
sys.exit(0 if list(text_string_to_metric_families(open("openmetrics.txt").read())) else "no metrics")'
