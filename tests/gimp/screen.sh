#!/usr/bin/env bash
# Use the plug-in on a screen as a painter does.  screen.sh REPOSITORY WORK OUTPUT
set -euo pipefail
here=$1 work=$2 output=$3
. "$here/tests/gimp/profile.sh"
act() { /usr/bin/python3 -B "$here/tests/gimp/screen.py" "$here" "$GIMP3_DIRECTORY" "$output" "$@"; }

make_profile "$here" "$work/screen" "$here/.venv/bin/python"
act paint_and_undo look_closely cancel_before recipe_dialog
make_profile "$here" "$work/screen-bench"
act cancel_in_dialog cancel_in_gimp fail
