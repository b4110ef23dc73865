#!/usr/bin/env bash
# Use the plug-in on a screen as a painter does.  screen.sh REPOSITORY WORK OUTPUT
set -euo pipefail
here=$1 work=$2 output=$3
. "$here/tests/gimp/profile.sh"
act() { /usr/bin/python3 -B "$here/tests/gimp/screen.py" "$here" "$GIMP3_DIRECTORY" "$output" "$@"; }

export XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config # instead of a browser: a note of what it would show
mkdir -p "$XDG_DATA_HOME/applications" "$XDG_CONFIG_HOME"
printf '#!/bin/sh\necho "$@" >>"%s/opened"\n' "$XDG_DATA_HOME" >"$work/browser"
chmod +x "$work/browser"
printf '[Desktop Entry]\nType=Application\nName=Browser\nExec=%s %%u\nMimeType=text/html;\n' "$work/browser" \
  >"$XDG_DATA_HOME/applications/browser.desktop"
printf '[Default Applications]\ntext/html=browser.desktop\n' >"$XDG_CONFIG_HOME/mimeapps.list"

make_profile "$here" "$work/screen" "$here/.venv/bin/python"
act paint_and_undo look_closely help_page every_kind choices_with_pictures repeat cancel_before recipe_dialog

Xvfb :98 -screen 0 1180x820x24 -nolisten tcp >/dev/null 2>&1 & shown=$!
trap 'kill $shown' EXIT
sleep 2
DISPLAY=:98 gimp-console -i -d -f --quit --batch-interpreter=python-fu-eval \
  -b "import sys; sys.dont_write_bytecode = True; sys.path.insert(0, '$here/tests/gimp'); import bench; bench.run_checks(['check_shown', 'check_choosers'])" \
  >"$work/shown.log" 2>&1 || { cat "$work/shown.log"; exit 1; }
grep -E '^(ok|FAILED|  )' "$work/shown.log"

make_profile "$here" "$work/screen-bench"
act cancel_in_dialog cancel_in_gimp fail
