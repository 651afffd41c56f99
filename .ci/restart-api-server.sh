#!/usr/bin/env bash
# Kills the API server of the cluster of plain processes in the folder $1, and starts the same command line again, as a supervisor
# would. Ends when it answers.
set -euo pipefail
source "$1/lib.sh"
running kube-apiserver || die "the API server does not run"
read -r pid _ <"$pids/kube-apiserver"
mapfile -d '' command <"/proc/$pid/cmdline"
stop kube-apiserver 0
start kube-apiserver "${command[@]}"
wait_for 60 kube-apiserver ready
