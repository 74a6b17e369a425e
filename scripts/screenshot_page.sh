#!/usr/bin/env bash
# Takes a picture of a page of cnn-report, or of one of its sections, by headless Chromium, to which every request is
# refused:
#   scripts/screenshot_page.sh PAGE.html[#SECTION] OUT.png [WIDTH HEIGHT [light|dark]]
# Says on stderr what the page writes to the console. Exits with 77 where there is no Chromium.
set -euo pipefail
page=$(realpath "${1%%#*}") section=${1#"${1%%#*}"} out=$2 width=${3:-1280} height=${4:-1000} scheme=${5:-light}
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
  { echo "chromium is not installed" >&2; exit 77; }
dark=1
[ "$scheme" = dark ] && dark=0
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
if [ -n "$section" ]; then
  { cat "$page"; echo "<style>header, main > :not($section) { display: none } h2 { margin: 0; border: 0 }</style>"; } > "$home/section.html"
  page=$home/section.html
fi
"$chromium" --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
  --host-resolver-rules='MAP * ~NOTFOUND' --user-data-dir="$home" --hide-scrollbars --force-color-profile=srgb \
  --blink-settings=preferredColorScheme=$dark --window-size="$width,$height" --enable-logging=stderr --v=0 \
  --virtual-time-budget=2000 --screenshot="$out" "file://$page" 2>&1 | { grep ':CONSOLE' >&2 || true; }
[ -s "$out" ]
