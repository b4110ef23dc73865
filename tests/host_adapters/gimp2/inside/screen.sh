#!/usr/bin/env bash
# The dialog on a screen: run a slow filter from it, and cancel.  screen.sh REPOSITORY WORK OUTPUT
set -euo pipefail
here=$1 work=$2 output=$3
export SENGA_PLUG_IN=$work/2.10/plug-ins/senga-gimp2
export GIMP2_DIRECTORY=$work/2.10 TMPDIR=$work/tmp
printf '%s\n' '(show-tips no)' '(check-updates no)' '(color-profile-policy keep)' >"$work/2.10/gimprc"
Xvfb :71 -screen 0 1280x900x24 -nolisten tcp >/dev/null 2>&1 &
screen=$!
export DISPLAY=:71
trap 'kill $gimp 2>/dev/null; kill $screen' EXIT
sleep 1
openbox >/dev/null 2>&1 &
cat >"$work/screen.py" <<PY
import sys, time
sys.path.insert(0, "$here/tests/host_adapters/gimp2/inside")
sys.dont_write_bytecode = True
from gimpfu import *
import gimp
from bench import picture, raw
image, layer = picture()
pdb.gimp_image_scale(image, 4000, 3000)
gimp.Display(image)
layer = image.layers[0]
sys.path.insert(0, "$SENGA_PLUG_IN")
import gimpui
from senga_gimp2.dialog import mended
class Maker(object):
    aligned = staticmethod(list)
with mended(image, layer, Maker()):
    button = gimpui.ColorSelector((1.0, 0.0, 0.5, 0.25))
import gimpshelf
gimpshelf.shelf["senga-colour"] = button.get_value(),
if not button.has_alpha() or abs(gimpshelf.shelf["senga-colour"][0].a - 0.25) > 0.01:
    open("$work/said", "w").write("FAILED: the button for a colour, or the last value, has no opacity\n")
    pdb.gimp_quit(1)
before, started = raw(layer), time.time()
# gimpfu asks for what follows the first argument of another type than it expects: the check box.
given = "pencil", 5.0, 2.0, 1.5, 0, 0, 45.0, 10, 10, 0.2, 0.7, 0.0, 1, 0, False, 1000, 10.0, 2.0, 900, 6, 0, 0, 1.0, False
made = pdb.python_fu_senga_drawing_process(image, layer, *given, run_mode=RUN_INTERACTIVE)
said = "unchanged" if raw(layer) == before else "changed"
open("$work/said", "w").write("%s %s %.1f\n" % (made, said, time.time() - started))
PY
gimp-2.10 -d -f --no-splash --batch-interpreter=python-fu-eval -b "execfile('$work/screen.py')" >"$work/log" 2>&1 & gimp=$!

await() { # until a window has this title
  for _ in $(seq 300); do
    window=$(xdotool search --onlyvisible --name "$1" 2>/dev/null | tail -1) && [ -n "$window" ] && return
    sleep 0.2
  done
  tail -20 "$work/log"
  echo "FAILED: no window “$1”"
  exit 1
}
await python-fu-senga-drawing-process
xdotool windowactivate --sync "$window"
colours() { convert "$1" -crop 380x300+20+120 +repage -format %k info:; }
for _ in $(seq 60); do
  import -window "$window" "$output/gimp2-dialog.png"
  [ "$(colours "$output/gimp2-dialog.png")" -gt 50 ] && break
  sleep 0.5
done
[ "$(colours "$output/gimp2-dialog.png")" -gt 50 ] || { echo "FAILED: no preview"; exit 1; }
geometry=$(xdotool getwindowgeometry --shell "$window" | tr '\n' ' ')
eval "$geometry"
[ $((Y + HEIGHT)) -le 900 ] || { echo "FAILED: OK is off the screen: $geometry"; exit 1; }
xdotool key alt+o
sleep 1.5
import -window root "$output/gimp2-progress.png"
xdotool key "${4:-alt+c}"
since=$(date +%s%N)
for _ in $(seq 100); do [ -s "$work/said" ] && break; sleep 0.1; done
echo "Cancelled within $((($(date +%s%N) - since) / 1000000)) ms: $(cat "$work/said")"
grep -q '^None unchanged' "$work/said" || { echo FAILED; exit 1; }
