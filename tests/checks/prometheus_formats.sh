#!/usr/bin/env bash
# Has other programs judge what footfall gives to Prometheus: promtool the text format, and the strict parser of
# python3-prometheus-client the OpenMetrics one. Usage: prometheus_formats.sh PATH_OF_output_test
# Exit: 0 both are content, 1 not, 77 a judge is missing.
set -euo pipefail

# The Debian package puts its modules where Debian's own Python looks, whatever stands first in PATH.
python=/usr/bin/python3
program=${1:?usage: prometheus_formats.sh PATH_OF_output_test}
command -v promtool >/dev/null || { echo "skipped: promtool is missing (package prometheus)"; exit 77; }
"$python" -c 'import prometheus_client.openmetrics.parser' 2>/dev/null ||
  { echo "skipped: the OpenMetrics parser is missing (package python3-prometheus-client)"; exit 77; }

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
FOOTFALL_PROMETHEUS_FORMATS=$directory "$program" --gtest_filter=PrometheusFormats.AreWrittenWhereAsked >/dev/null

failed=0
for name in example hostile; do
  promtool check metrics <"$directory/$name.txt" || { echo "promtool objects to $name.txt"; failed=1; }
  "$python" - "$directory/$name.openmetrics" <<'PYTHON' || { echo "the OpenMetrics parser objects to $name.openmetrics"; failed=1; }
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
with open(sys.argv[1], encoding="utf-8", newline="") as file:
    families = list(text_string_to_metric_families(file.read()))
names = {family.name for family in families}
wanted = {"http_server_request_duration_seconds", "footfall_events_dropped", "footfall_operation_uses"}
sys.exit(0 if wanted <= names else f"missing: {wanted - names}")
PYTHON
done
[ "$failed" = 0 ] && echo "text and OpenMetrics: accepted"
exit "$failed"
