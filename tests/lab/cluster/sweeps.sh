#!/usr/bin/env bash
# The part of cluster_test.sh in namespaces of its own.
#
#   sweeps.sh SOURCE LOCAL WORK: the workspace, the folder under which the local
#   results are, and the folder with the image.
set -euo pipefail

source=$1
local=$2
work=$3
cluster=$work/image/cluster
declare -A pids

say() { printf -- '  %s (%ss)\n' "$1" "$SECONDS"; }

fail() {
  echo "FAILED: $1"
  for log in "$cluster"/*.err "$work"/*.log; do
    printf '%s:\n' "$log"
    tail -n 20 "$log"
  done
  exit 1
}

# awaits PORT
awaits() {
  local tries=0
  until (: >"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
    ((++tries < 600)) || fail "nothing listens on port $1"
    sleep 0.1
  done
}

# start PORT: a worker with a clean work folder. What it has stored is where all store.
start() {
  rm -rf "$cluster/work-$1"
  mkdir -p "$cluster/store" "$cluster/work-$1"
  chroot "$work/image" java -cp /cluster/worker.jar:/usr/share/bazel/A-server.jar \
    com.google.devtools.build.remote.worker.RemoteWorker --listen_port="$1" \
    --work_path="/cluster/work-$1" --cas_path=/cluster/store 2>>"$cluster/worker-$1.err" &
  pids[$1]=$!
}

# stop PORT: at once, with what it is doing.
stop() {
  kill -KILL "${pids[$1]}"
  wait "${pids[$1]}" 2>/dev/null || true
}

# calls_of PORT: how many actions the worker has run, or begun when it was killed.
calls_of() {
  grep -c "^127.0.0.1:$1 .*/Execute 200$" "$cluster/calls" || true
}

remotely() {
  (cd "$source" && bazel --nohome_rc --output_user_root="$work/bazel" "$@")
}

# sweep NAME FLAG… TARGET…: on the cluster. NAME.log has what Bazel says.
sweep() {
  local name=$1
  shift
  remotely build --config=remote --remote_executor=grpc://127.0.0.1:8980 \
    --symlink_prefix="$work/remote-" --noshow_progress --color=no "$@" \
    >"$work/$name.log" 2>&1
}

# count NAME HOW: the actions that were `remote`, or a `remote cache hit`.
count() {
  sed -nE "s/^INFO: [0-9]+ process.*[ :]([0-9]+) $2[,.].*/\1/p" "$work/$1.log" | grep . || echo 0
}

# compare FOLDER NAME: every file, with the local one.
compare() {
  local file files=0
  while read -r file; do
    cmp "$local/$file" "$work/remote-bin/$file" || fail "$file is another"
    files=$((files + 1))
  done < <(cd "$local" && find -L "$1/$2_cells" "$1/$2".* -type f)
  [ "$files" -gt 4 ] || fail "only $files files of $2"
  say "$2: $files files are the same"
}

export HOME=$work
chroot "$work/image" ip link set lo up
mount -t proc proc "$work/image/proc"
chroot "$work/image" nginx -e /cluster/nginx.err -c /cluster/nginx.conf &
start 8981
start 8982
awaits 8980
awaits 8981
awaits 8982

# Its programs are compiled on the cluster, too: nothing is there yet.
sweep small --jobs=4 --output_groups=+jsonl //benchmarks/lab/sweeps:{small,small_cells} ||
  fail 'the small sweep'
[ "$(count small 'remote cache hit')" -eq 0 ] || fail 'the store was not empty'
say "small: $(count small remote) actions on the cluster, from the compiler's to the report's"
compare benchmarks/lab/sweeps small

# Each worker is killed once in the middle of the sweep, the second before the
# first is back: for a while there is none.
before=$(calls_of '898[12]')
sweep large --jobs=4 --output_groups=+jsonl //tests/lab/cluster:{large,large_cells} &
sweep=$!
# stop_after CELLS PORT: `ran` is how many cells there are then.
stop_after() {
  until ran=$(($(calls_of '898[12]') - before)) && [ "$ran" -ge "$1" ]; do
    kill -0 "$sweep" 2>/dev/null || fail "the sweep has ended after $ran cells"
    sleep 0.05
  done
  stop "$2"
}
stop_after 16 8981
at_first=$ran
stop_after 40 8982
at_second=$ran
start 8981
start 8982
wait "$sweep" || fail 'a sweep whose workers are killed'
cells=$(find -L "$local/tests/lab/cluster/large_cells" -name '*.csv' | wc -l)
[ "$at_second" -lt "$cells" ] || fail 'the workers died too late'
say "large: workers killed after $at_first and $at_second of $cells cells"
[ "$(count large remote)" -ge "$cells" ] || fail "$(count large remote) actions for $cells cells"
compare tests/lab/cluster large

# Another machine finds all of it, so nothing that was stored is lost.
remotely clean --symlink_prefix="$work/remote-" >/dev/null 2>&1
sweep again --jobs=4 --output_groups=+jsonl //tests/lab/cluster:{large,large_cells} ||
  fail 'the sweep again'
[ "$(count again remote)" -eq 0 ] || fail "$(count again remote) actions ran again"
[ "$(count again 'remote cache hit')" -ge "$cells" ] || fail 'cells are lost'
compare tests/lab/cluster large
say "actions on the first worker: $(calls_of 8981), on the second: $(calls_of 8982)"

for jobs in 1 2 4; do
  cells=//tests/lab/cluster:with_${jobs}_jobs_cells
  sweep analysis --nobuild "$cells" || fail 'analysis'
  from=${EPOCHREALTIME/./}
  sweep "jobs-$jobs" --jobs="$jobs" "$cells" || fail "$jobs jobs"
  tenths=$(($(count "jobs-$jobs" remote) * 10000000 / (${EPOCHREALTIME/./} - from)))
  say "--jobs=$jobs: $((tenths / 10)).$((tenths % 10)) cells a second"
done
remotely shutdown
