#!/usr/bin/env bash
# Run the checks in GIMP without a window.  headless.sh REPOSITORY WORK OUTPUT [MODULE...]
set -euo pipefail
here=$1 work=$2
shift 3
. "$here/tests/gimp/profile.sh"
plug_in=$work/profile/plug-ins/senga-gimp

check() { # in one GIMP
  local names log
  names=$(printf '"%s",' "$@")
  log=$(mktemp "$work/log-XXXXXX")
  gimp-console -i -d -f --quit --batch-interpreter=python-fu-eval \
    -b "import sys; sys.dont_write_bytecode = True; sys.path.insert(0, '$here/tests/gimp'); import bench; bench.run_checks([$names])" \
    >"$log" 2>&1 || { grep -v 'scriptfu-WARNING' "$log"; echo "FAILED: $*"; exit 1; }
  grep -E '^(ok|FAILED|  )' "$log"
}

trap wait EXIT # a GIMP in the background must not outlive its folder
make_profile "$here" "$work/profile"
if [ $# -gt 0 ]; then check "$@"; exit; fi
check check_modes check_layers check_groups check_failures check_changes check_preview
check check_second_pictures check_colorize
LANGUAGE=ja check check_language

echo "Two GIMPs at once"
cp -r "$work/profile" "$work/second"
sed -i "s|$work/profile|$work/second|" "$work/second/plug-ins/senga-gimp/manifest.json"
(GIMP3_DIRECTORY=$work/second check check_layers) >"$work/second.log" 2>&1 & second=$!
check check_layers
wait $second || { cat "$work/second.log"; exit 1; }

echo "The Python that held Senga is gone"
sed -i 's|"python": ".*"|"python": "/nowhere/python"|' "$plug_in/manifest.json"
check check_no_senga

echo "The Python holds no Senga"
sed -i 's|"python": ".*"|"python": "/usr/bin/python3"|' "$plug_in/manifest.json"
check check_bare_python

echo "An upgrade under a running worker, then the environment is deleted"
make_environment "$here" "$work/own"
make_profile "$here" "$work/profile" "$work/own/python"
check check_upgrade check_deleted

echo "The manifest is damaged"
echo '{' >"$plug_in/manifest.json"
touch "$plug_in/senga-gimp.py"
check check_no_manifest

echo "senga gimp doctor, with a filter run in GIMP"
make_profile "$here" "$work/profile" "$here/.venv/bin/python"
"$here/.venv/bin/senga" gimp doctor --profile "$work/profile" | tee "$work/doctor"
grep -q 'Self-test in GIMP 3.*: a filter changed a picture' "$work/doctor"
echo "ok     the self-test"
"$here/.venv/bin/senga" gimp uninstall --profile "$work/profile"
[ ! -e "$plug_in" ] || { echo "FAILED: something was left:"; find "$plug_in"; exit 1; }

echo "No room for the pixels"
make_profile "$here" "$work/profile"
mount -t tmpfs -o size=8m none "$work/tmp" # in the private name space of this run
check check_full_disk
