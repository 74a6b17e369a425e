#!/usr/bin/env bash
# A page of cnn-report in a browser and before a validator, as far as they are installed:
#   run.sh BIN_DIR SOURCE_DIR
# No console message, no picture that is not shown, nothing wider than a narrow screen, not even in a box of its own where it
# is pairs of runs or a network's steps, in light and dark, with names of classes that are long, of other scripts and full of
# marks. The validator is vnu-jar; CNN_VNU_JAR names it. Exits with 77 where there is no Chromium.
set -euo pipefail
bin=$1 source=$2
command -v chromium >/dev/null || { echo "chromium is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "$*" >&2; exit 1; }

classes='["<b>&\"", "it'"'"'s", "🐈", "שלום עולם", "'$(printf 'a%.0s' {1..200})'", "5", "6", "7", "8", "two words"]'
"$bin/cnn-train" --config "$source/configs/digits.yaml" --out "$work/run" --quiet --report \
  --set training.epochs=2 --set data.augment.shift=2 --set "data.classes=$classes" >/dev/null
"$bin/cnn-train" --config "$source/configs/digits.yaml" --out "$work/other" --quiet \
  --set training.epochs=1 --set "data.classes=$classes" >/dev/null
"$bin/cnn-report" "$work/run" "$work/other" --out "$work/runs.html" >/dev/null

# What a page sees of itself. It stands in a frame: no window is as narrow as a telephone.
#   seen_by PAGE WIDTH
seen_by() {
  {
    cat "$1"
    cat <<'END'
<script>
addEventListener("load", () => {
  const root = document.documentElement, pictures = [...document.images];
  const over = box => Math.max(0, box.scrollWidth - box.clientWidth);
  const whole = [...document.querySelectorAll("#pairs .scroll, #sight .scroll:not(.numbers)")];
  const seen = `${innerWidth} wide, missing ${pictures.filter(picture => !picture.naturalWidth).length} of ` +
    `${pictures.length}, over ${over(root)}, of ${whole.length} boxes ${whole.filter(over).length} cut`;
  parent.postMessage(seen, "*");
});
</script>
END
  } > "$work/asked.html"
  cat > "$work/frame.html" <<END
<!DOCTYPE html>
<title>nothing</title>
<iframe src="asked.html" style="width: $2px; height: 900px; border: 0"></iframe>
<script>addEventListener("message", said => { document.title = said.data; });</script>
END
  chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
    --host-resolver-rules='MAP * ~NOTFOUND' --user-data-dir="$work/home" --hide-scrollbars --window-size=2100,1000 \
    --virtual-time-budget=2000 --dump-dom "file://$work/frame.html" 2>/dev/null | sed -n 's/.*<title>\([^<]*\).*/\1/p' | head -n 1
}
for page in "$work/run/report.html" "$work/runs.html"; do
  widths="360 500 1280 2000"
  [ "$page" = "$work/runs.html" ] && widths="360 1280"
  for width in $widths; do
    for scheme in light dark; do
      said=$("$source/scripts/screenshot_page.sh" "$page" "$work/$width.$scheme.png" "$width" 900 "$scheme" 2>&1)
      [ -z "$said" ] || fail "$page, $width $scheme: $said"
    done
    cmp -s "$work/$width.light.png" "$work/$width.dark.png" && fail "$page, $width: dark looks like light"
    seen=$(seen_by "$page" "$width")
    case $page:$seen in
      *run/report.html:*' of 0, '*) fail "$width: there are no pictures" ;;
      *' of 0 boxes '*) fail "$page, $width: there are no boxes" ;;
      *:"$width wide, missing 0 of "*', over 0, of '*' 0 cut') ;;
      *) fail "$page, $width: $seen" ;;
    esac
  done
  if [ -n "${CNN_VNU_JAR:-}" ] && command -v java >/dev/null; then
    java -jar "$CNN_VNU_JAR" --errors-only "$page" || fail "$page: the validator has errors"
  fi
done
