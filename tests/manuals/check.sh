#!/usr/bin/env bash
# Manual pages without a complaint. Usage: check.sh DIRECTORY. Exit code 77: neither mandoc nor man is installed, or no
# page was made.
set -euo pipefail
pages=("$1"/man*/*.[15])
[ -s "${pages[0]}" ] || { echo "skipped: no pages in $1"; exit 77; }
said=
tools=0
if command -v mandoc >/dev/null; then
  tools=1
  said+=$(mandoc -Tlint -Wwarning "${pages[@]}" || true)
fi
if command -v man >/dev/null && command -v groff >/dev/null; then
  tools=1
  for page in "${pages[@]}"; do
    said+=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 "$page" 2>&1 >/dev/null)
  done
fi
[ $tools = 1 ] || { echo "skipped: neither mandoc nor man"; exit 77; }
echo "${#pages[@]} pages"
[ -z "$said" ] || { echo "$said"; exit 1; }
