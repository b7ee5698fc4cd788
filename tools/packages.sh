# Installing what is missing, for demo.sh and test.sh (sourced). Debian and Ubuntu.
#   need "what it is for" PACKAGE..    installs those that are not there; says so first. Without root and sudo it prints
#                                      the command and stops.

need() {
  purpose=$1
  shift
  missing=""
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
  done
  [ -z "$missing" ] && return 0
  if [ "$(id -u)" = 0 ]; then
    as=""
  elif command -v sudo >/dev/null 2>&1; then
    as="sudo"
  else
    echo "These packages are missing ($purpose), and this user can neither be root nor sudo. Please run:" >&2
    echo "    apt-get update && apt-get install -y --no-install-recommends$missing" >&2
    exit 1
  fi
  echo "Installing what is missing for $purpose:$missing"
  $as apt-get update -qq >/dev/null
  # shellcheck disable=SC2086 # a list of words
  $as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

build_packages="gcc libc6-dev cmake ninja-build pkg-config zlib1g-dev libjansson-dev
libprotobuf-c-dev protobuf-c-compiler libonnx-dev"
