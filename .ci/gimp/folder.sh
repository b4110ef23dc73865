# Sourced by the two setup scripts: a Debian folder with a GIMP in it, which is there whole or is made anew.
#   is_whole ROOT PROGRAM   whether it was finished, and its GIMP still answers as it did then
#   mirror_of ORIGIN SUITE WHAT [MIRROR...]   where packages are: a mirror of apt's configuration, unless others are given;
#                           ends with 77, which says skipped, where there is none
#   begin ROOT              whatever making one needs; sets part, where to make it
#   debian PACKAGES SUITE SOURCE...   fill it
#   finish ROOT PROGRAM     it is complete
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

is_whole() {
  [ -s "$1/ready" ] && [ "$(chroot "$1" "$2" --version 2>/dev/null </dev/null)" = "$(cat "$1/ready")" ]
}

mirror_of() {
  local origin=$1 suite=$2 what=$3 site found
  found=$(mktemp -d)
  for site in "${@:4}" $([ $# -gt 3 ] || apt-get indextargets --format '$(SITE)' 2>/dev/null | sort -u); do
    if /usr/lib/apt/apt-helper -o Acquire::Retries=2 download-file "$site/dists/$suite/Release" "$found/Release" >/dev/null 2>&1 &&
      grep -qx "Origin: $origin" "$found/Release"; then
      rm -rf "$found"
      echo "${site%/}"
      return
    fi
  done
  rm -rf "$found"
  echo "skipped: no mirror in apt's configuration or in ${origin^^}_MIRROR has $what ($origin $suite)." >&2
  return 77
}

begin() {
  [ "$(id -u)" = 0 ] || { echo "A GIMP of its own needs root: sudo $0" >&2; exit 1; }
  unshare --mount true || { echo "This machine does not allow mounts, which running GIMP in $1 needs." >&2; exit 1; }
  mkdir -p "$(dirname "$1")"
  exec {turn}>"$1.lock"
  flock "$turn" # two runs at once: the second one finds what the first one makes
  part=$1.part
  # The rests of a stopped attempt are removed, but never through something that is still mounted in them.
  if grep -qE " ($part|$1)/" /proc/self/mounts; then
    echo "Something is mounted below $1: unmount it first." >&2
    exit 1
  fi
  rm -rf --one-file-system "$part"
  is_whole "$1" "$2" && return
  may_go "$1" || { echo "$1 has other things in it: name another folder, or remove it." >&2; exit 1; }
  [ ! -e "$1" ] || echo "$1 is not whole and is made anew."
  rm -rf --one-file-system "$1"
  if ! command -v mmdebstrap >/dev/null || [ ! -e $keyring ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mmdebstrap debian-archive-keyring >/dev/null
  fi
}

may_go() { # a place of ours, or one that nothing is lost with
  [[ $1 == /var/cache/senga-gimp/* || -e $1/ready || -z $(ls -A "$1" 2>/dev/null) ]]
}

debian() {
  local packages=$1 suite=$2
  shift 2
  # Releases are signed, but a mirror may be some weeks behind: Valid-Until is not asked for.
  nice mmdebstrap --quiet --variant=minbase --components=main --keyring=$keyring \
    --aptopt='Apt::Install-Recommends "false"' --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Retries "3"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --include="$packages" "$suite" "$part" "$@" </dev/null
}

finish() {
  chroot "$part" "$2" --version </dev/null | tee "$part/ready"
  mv --no-target-directory "$part" "$1"
}
