#!/bin/bash
# What the action does; `kombinator` is a command or a function. Values come from the environment, so that none of them is a piece of script.
set -euo pipefail

stacks=()
for name in ${CI_STACKS:-}; do stacks+=(--stack "$name"); done
plan_file=${CI_PLAN_FILE:-}
address="${GITHUB_SERVER_URL:-}/${GITHUB_REPOSITORY:-}.git"

# Shows a command's output, and keeps it for the page of the run; the exit code stays that of the command.
summarise() {
  local code=0 output
  output=$(mktemp)
  "$@" 2>&1 | tee "$output" || code=$?
  if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
    { echo "### kombinator $CI_COMMAND"; echo '```'; cat "$output"; echo '```'; } >>"$GITHUB_STEP_SUMMARY"
  fi
  rm -f "$output"
  return "$code"
}

case ${CI_COMMAND:-} in
  validate)
    strict=()
    if [ "${CI_STRICT:-false}" = true ]; then strict=(--strict); fi
    summarise kombinator validate --repo "${CI_REPO:-.}" ${strict[@]+"${strict[@]}"}
    ;;
  plan)
    out=()
    if [ -n "$plan_file" ]; then out=(--out "$plan_file"); fi
    summarise kombinator plan --repo "${CI_REPO:-.}" ${stacks[@]+"${stacks[@]}"} ${out[@]+"${out[@]}"}
    ;;
  apply)
    # A plan file names its stacks itself.
    if [ -n "$plan_file" ]; then stacks=("$plan_file"); fi
    summarise kombinator apply --repo "${CI_REPO:-$address}" --yes ${stacks[@]+"${stacks[@]}"}
    ;;
  *)
    echo "command is validate, plan or apply, not '${CI_COMMAND:-}'" >&2
    exit 1
    ;;
esac
