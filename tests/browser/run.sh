#!/usr/bin/env bash
# A page of cnn-report in a browser and before a validator, as far as they are installed:
#   run.sh BIN_DIR SOURCE_DIR
# No console message, no picture that is not shown, nothing wider than a narrow screen, in light and dark, with names of
# classes that are long, of other scripts and full of marks. The validator is vnu-jar; CNN_VNU_JAR names it. Exits with 77
# where there is no Chromium.
set -euo pipefail
bin=$1 source=$2
command -v chromium >/dev/null || { echo "chromium is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "$*" >&2; exit 1; }

classes='["<b>&\"", "it'"'"'s", "🐈", "שלום עולם", "'$(printf 'a%.0s' {1..200})'", "5", "6", "7", "8", "two words"]'
"$bin/cnn-train" --config "$source/configs/digits.yaml" --out "$work/run" --quiet --report \
  --set training.epochs=2 --set data.augment.shift=2 --set "data.classes=$classes" >/dev/null
page=$work/run/report.html

# A copy that says what it sees, in its own title.
{
  cat "$page"
  cat <<'END'
<script>
addEventListener("load", () => {
  const root = document.documentElement, pictures = [...document.images];
  document.title = `missing ${pictures.filter(picture => !picture.naturalWidth).length} of ${pictures.length}, ` +
    `over ${Math.max(0, root.scrollWidth - root.clientWidth)}`;
});
</script>
END
} > "$work/asked.html"
for width in 360 500 1280 2000; do
  for scheme in light dark; do
    said=$("$source/scripts/screenshot_page.sh" "$page" "$work/$width.$scheme.png" "$width" 900 "$scheme" 2>&1)
    [ -z "$said" ] || fail "$width $scheme: $said"
  done
  cmp -s "$work/$width.light.png" "$work/$width.dark.png" && fail "$width: dark looks like light"
  title=$(chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
    --host-resolver-rules='MAP * ~NOTFOUND' --user-data-dir="$work/home" --window-size="$width,900" \
    --virtual-time-budget=2000 --dump-dom "file://$work/asked.html" 2>/dev/null | grep -o -m 1 '<title>[^<]*')
  case $title in
    *'missing 0 of 0,'*) fail "$width: there are no pictures" ;;
    *'missing 0 of '*', over 0') ;;
    *) fail "$width: $title" ;;
  esac
done

if [ -n "${CNN_VNU_JAR:-}" ] && command -v java >/dev/null; then
  java -jar "$CNN_VNU_JAR" --errors-only "$page" || fail "the validator has errors"
fi
