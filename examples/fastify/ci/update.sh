#!/bin/sh
# CI runs this every week, each step in a job and a clone of its own. `make DIRECTORY` commits what the newest
# create-tsuru-service changes. `try DIRECTORY` checks that commit: only this step runs code of dependencies, and nothing
# that it writes is pushed. `request DIRECTORY` pushes the commit, and opens or updates one pull or merge request. The
# commits of others stay.
set -eu
step=$1
directory=$2
branch=create-tsuru-service-update
email=update@create-tsuru-service.invalid

made() {
  git hash-object --no-filters "$directory/commit" "$directory/report.md" | git hash-object --stdin
}

make() {
  report=$(mktemp)
  code=0
  npx --yes create-tsuru-service@latest regenerate --yes --conflict inline --no-install --report "$report" || code=$?
  case $code in
  0) mark= ;;
  3) mark=' (conflicts)' ;;
  *) exit "$code" ;;
  esac
  git add --all
  if git diff --cached --quiet; then
    echo 'Nothing has changed.'
    return
  fi
  # A lock file that does not fit makes `try` fail.
  npm install --package-lock-only --ignore-scripts && git add package-lock.json || echo 'The lock file stays as it is.'
  version=$(node -p "require('./.tsuru-service/lock.json').generator")
  git -c user.name=create-tsuru-service -c "user.email=$email" commit --quiet --no-verify --message "Update to create-tsuru-service $version$mark"
  mkdir -p "$directory"
  git bundle create --quiet "$directory/commit" HEAD^..HEAD
  head -c 50000 "$report" >"$directory/report.md"
  if [ -n "${GITHUB_OUTPUT-}" ]; then echo "made=$(made)" >>"$GITHUB_OUTPUT"; fi
}

try() {
  if [ ! -e "$directory/commit" ]; then return; fi
  git fetch --quiet "$directory/commit" HEAD
  git checkout --quiet FETCH_HEAD
  export NO_COLOR=1
  log=$(mktemp)
  install='npm install'
  if [ -s package-lock.json ]; then install='npm ci'; fi
  failing=
  output=
  for check in "$install" 'npm run types' 'npm run lint' 'npm test'; do
    if $check >"$log" 2>&1; then
      output="$output$check passes
"
    else
      failing=yes
      output="$output$check fails:
$(tail -c 700 "$log")
"
    fi
    cat "$log"
  done
  printf '\n%s' "$output"
  if [ -n "${GITHUB_OUTPUT-}" ]; then printf 'output<<%s\n%s%s\n' "$branch" "$output" "$branch" >>"$GITHUB_OUTPUT"; fi
  [ -z "$failing" ]
}

request() {
  if [ ! -e "$directory/commit" ]; then return; fi
  if [ "${MADE-$(made)}" != "$(made)" ]; then
    echo 'This is not what the job make uploaded. Run the workflow again.'
    exit 1
  fi
  git fetch --quiet "$directory/commit" HEAD
  new=$(git rev-parse FETCH_HEAD)
  title=$(git log -1 --format=%s "$new")
  if [ "$RESULT" = success ]; then result=pass; else result='**fail**' title="$title (checks fail)"; fi
  # Dependencies wrote what the checks say: it is shown, indented, as code.
  {
    echo 'This is a proposal: merge it, or add commits to it first. If you close it, the next version brings another one.

With these changes, the checks '"$result: ${CI_PIPELINE_URL-$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID}
"
    printf '%.3000s\n' "${OUTPUT-}" | tr -d '\000-\010\013-\037\177' | sed 's/^/    /'
    echo
    cat "$directory/report.md"
  } >"$directory/body.md"
  remote=origin
  if [ -n "${GITLAB_CI-}" ] && [ -n "${UPDATE_TOKEN-}" ]; then
    # Git asks for the token, so that it is in no address, argument or file. The empty helper takes that of the runner away.
    remote=${CI_PROJECT_URL%%//*}//oauth2@${CI_PROJECT_URL#*//}.git
    export GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=credential.helper GIT_CONFIG_VALUE_0= \
      "GIT_CONFIG_KEY_1=credential.$CI_SERVER_URL.helper" GIT_CONFIG_VALUE_1='!printf "password=%s\n" "$UPDATE_TOKEN" #'
  fi
  old= same=
  if git fetch --quiet "$remote" "refs/heads/$branch" 2>/dev/null; then
    old=$(git rev-parse FETCH_HEAD)
    if git log --format=%ce "$new^..$old" | grep -qvxF "$email"; then
      echo "The branch $branch has commits of others, so it stays as it is. Merge it, or delete it for a new proposal."
      return
    fi
    if [ "$(git diff "$new^" "$new" | git patch-id --stable)" = "$(git diff "$new^...$old" | git patch-id --stable)" ]; then same=yes; fi
  fi
  if [ -n "${GITLAB_CI-}" ]; then
    # GitLab reads \n as the end of a line, and git sends no option of more than 65 kB.
    set -- -o merge_request.create -o "merge_request.target=$CI_COMMIT_BRANCH" -o "merge_request.title=$title" \
      -o "merge_request.description=$(awk '(size += length + 2) < 50000 { printf "%s\\n", $0 }' "$directory/body.md")"
  else
    set --
    pulls=repos/$GITHUB_REPOSITORY/pulls
    known=$(gh api "$pulls?state=all&head=${GITHUB_REPOSITORY%%/*}:$branch" --jq '.[] | "\(.state) \(.number) \(.head.sha) \(.merged_at) \(.title | @json)"')
    open=$(printf '%s\n' "$known" | sed -n 's/^open \([0-9]*\) .*/\1/p' | head -n 1)
    # Without a merge: by its title, as the branch may be deleted, or by its commit, as the title may be edited.
    if [ -z "$open" ] && { printf '%s\n' "$known" | grep -qF " null \"$title\"" || { [ -n "$same" ] && printf '%s\n' "$known" | grep -q "^closed [0-9]* $old "; }; }; then
      echo 'This proposal was closed, so it is not made again.'
      return
    fi
  fi
  # Only what was seen above is replaced.
  if [ -z "$same" ] && ! git push --quiet --no-verify --force-with-lease="refs/heads/$branch:$old" "$@" "$remote" "$new:refs/heads/$branch"; then
    echo "The branch $branch cannot be pushed. README.md says what the secret UPDATE_TOKEN needs (\"CI and updates\")."
    exit 1
  fi
  if [ -n "${GITLAB_CI-}" ]; then return; fi
  if [ -n "$open" ]; then
    gh api --method PATCH "$pulls/$open" -f "title=$title" -F "body=@$directory/body.md" --jq .html_url
  else
    gh api "$pulls" -f "head=$branch" -f "base=$GITHUB_REF_NAME" -f "title=$title" -F "body=@$directory/body.md" --jq .html_url
  fi
}

"$step"
