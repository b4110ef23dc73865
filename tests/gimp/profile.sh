# Sourced: makes a profile with the plug-in; unless another Python is given, it starts one that knows the test filters.
#   make_profile REPOSITORY FOLDER [PYTHON]
make_profile() {
  local here=$1 profile=$2 python=${3:-$2/python}
  local version
  version=$(gimp-console --version | grep -oE '[0-9]+\.[0-9.]+' | head -1)
  mkdir -p "$profile"
  # What GIMP would do itself: no welcome, no look for updates.
  printf '%s\n' "(config-version \"$version\")" '(show-welcome-dialog no)' '(check-updates no)' \
    '(color-profile-policy keep)' '(metadata-rotation-policy keep)' >"$profile/gimprc"
  [ $# = 3 ] || printf '#!/bin/sh\nPYTHONPATH=%s exec %s "$@"\n' "$here/tests/gimp/filters" "$here/.venv/bin/python" >"$python"
  [ $# = 3 ] || chmod +x "$python"
  "$python" -c 'import sys; from senga.host_adapters.gimp.command import gimp_command; gimp_command(sys.argv[1:])' \
    install --profile "$profile"
  # The plug-in must start the Python that knows the test filters.
  sed -i "s|\"python\": \".*\"|\"python\": \"$python\"|" "$profile/plug-ins/senga-gimp/manifest.json"
  export GIMP3_DIRECTORY=$profile
}

# Sourced too: makes a Senga of its own in a folder, with the test filters, that can be changed and deleted.
#   make_environment REPOSITORY FOLDER    FOLDER/python starts it
make_environment() {
  local here=$1 folder=$2 packages=$2/packages site base entry
  site=$("$here/.venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  base=$("$here/.venv/bin/python" -c 'import sys; print(sys._base_executable)')
  mkdir -p "$packages/senga"
  cp -r "$here/core/." "$packages/senga"
  cp -r "$here/plugins" "$here/host_adapters" "$packages/senga"
  cp -r "$here/tests/gimp/filters/." "$site"/senga-*.dist-info "$packages"
  for entry in "$site"/*; do
    case ${entry##*/} in senga* | __* | *.pth) ;; *) ln -s "$entry" "$packages" ;; esac
  done
  printf '#!/bin/sh\nPYTHONPATH=%s exec %s -S "$@"\n' "$packages" "$base" >"$folder/python"
  chmod +x "$folder/python"
}
