#!/usr/bin/env python3
"""Reads `footfall report --json` of a request to many_calls.py: whose are the calls of its functions?"""
import json
import sys

functions = [f for file in json.load(sys.stdin)["function_files"] for f in file["functions"] if f.get("calls", 0) >= 10_000]
wrong = [f["function"] for f in functions
         if [(part["name"], part["calls"]) for part in f.get("parts", [])] != [("http GET /long", f["calls"])]]
print(f"{min(len(functions), 20)} functions, " + (f"wrong: {wrong}" if wrong else "all of their calls for http GET /long"))
