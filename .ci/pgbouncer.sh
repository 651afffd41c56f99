#!/usr/bin/env bash
# Builds a PgBouncer that keeps prepared statements (1.21 and newer) from the source package of the Debian after this one, into the
# folder "$1". What it is built with must be installed; apt holds the package against Debian's signature.
set -euo pipefail
out=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$work/sources.list"
apt=(apt-get --quiet -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work" -o APT::Sandbox::User=)
cd "$work"
"${apt[@]}" update
"${apt[@]}" source --download-only pgbouncer
tar --extract --file pgbouncer_*.orig.tar.gz --strip-components 1
./configure --quiet --without-cares --without-pam --without-systemd
nice make --quiet
mkdir -p "$out"
install --strip pgbouncer "$out/pgbouncer"
