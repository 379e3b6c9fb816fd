#!/bin/sh
# CI runs this every week, each step in a job of its own. `make DIRECTORY` commits what the newest create-tsuru-service changes;
# `try DIRECTORY` checks that, and alone runs code of dependencies; `request DIRECTORY` pushes the commit, and opens or
# updates one pull or merge request. The commits of others stay.
set -eu
step=$1
directory=$2
branch=create-tsuru-service-update
email=update@create-tsuru-service.invalid
outputs=${GITHUB_OUTPUT-/dev/null}

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
  # If the lock file does not fit, `try` fails.
  npm install --package-lock-only --ignore-scripts && git add package-lock.json || :
  version=$(node -p "require('./.tsuru-service/lock.json').generator")
  { printf 'Update to create-tsuru-service %s\n\n' "$version$mark" && cat "$report"; } |
    git -c user.name=create-tsuru-service -c "user.email=$email" commit --quiet --no-verify --file -
  mkdir -p "$directory"
  git bundle create --quiet "$directory/commit" HEAD^..HEAD
  echo "commit=$(git rev-parse HEAD)" >>"$outputs"
}

try() {
  if [ ! -e "$directory/commit" ]; then return; fi
  git fetch --quiet "$directory/commit" HEAD
  git checkout --quiet FETCH_HEAD
  install='npm install'
  if [ -s package-lock.json ]; then install='npm ci'; fi
  failed=
  log=$(mktemp)
  for check in "$install" 'npm run types' 'npm run lint' 'npm test'; do
    NO_COLOR=1 $check >"$log" 2>&1 || failed="$failed$check fails:
$(tail -c 700 "$log")
"
    cat "$log"
  done
  if [ -n "$failed" ]; then
    printf 'output<<%s\n%s%s\n' "$branch" "$failed" "$branch" >>"$outputs"
    exit 1
  fi
}

request() {
  if [ ! -e "$directory/commit" ]; then return; fi
  git fetch --quiet "$directory/commit" HEAD
  # Code of dependencies may replace the file on GitHub, but git then has no such commit.
  new=${COMMIT-$(git rev-parse FETCH_HEAD)}
  title=$(git log -1 --format=%s "$new")
  if [ "$RESULT" = success ]; then result=pass; else result='**fail**' title="$title (checks fail)"; fi
  {
    echo "This is a proposal: merge it, or add commits to it first. If you close it, the next version brings another one.

With these changes, the checks $result: ${CI_PIPELINE_URL-$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID}
"
    # Dependencies wrote this, so it is shown as code.
    printf '%.3000s\n' "${OUTPUT-}" | tr -d '\000-\010\013-\037\177' | sed 's/^/    /'
    git log -1 --format=%n%b "$new" | head -c 50000
  } >"$directory/body.md"
  remote=origin
  if [ -n "${UPDATE_TOKEN-}" ]; then
    # Git asks for the token, so it is in no address, argument or file. The empty helper removes that of the runner.
    remote=${CI_PROJECT_URL%%//*}//oauth2@${CI_PROJECT_URL#*//}.git
    export GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=credential.helper GIT_CONFIG_VALUE_0= \
      "GIT_CONFIG_KEY_1=credential.$CI_SERVER_URL.helper" GIT_CONFIG_VALUE_1='!printf "password=%s\n" "$UPDATE_TOKEN" #'
  fi
  known=
  if [ -z "${GITLAB_CI-}" ]; then
    pulls=repos/$GITHUB_REPOSITORY/pulls
    known=$(gh api "$pulls?state=all&head=${GITHUB_REPOSITORY%%/*}:$branch" --jq '.[] | "\(.state) \(.number) \(.head.sha) \(.merged_at) \(.title | @json)"')
  fi
  old= same=
  if git fetch --quiet "$remote" "refs/heads/$branch" 2>/dev/null; then
    old=$(git rev-parse FETCH_HEAD)
    # What was merged may be free, though a squash leaves its commits out.
    if ! printf '%s\n' "$known" | grep -q "^closed [0-9]* $old [0-9]" && git log --format=%ce "$new^..$old" | grep -qvxF "$email"; then
      echo "The branch $branch has commits of others, so it stays as it is. Merge it, then delete it for a new proposal."
      return
    fi
    if [ "$(git diff "$new^" "$new" | git patch-id --stable)" = "$(git diff "$new^...$old" | git patch-id --stable)" ]; then same=yes; fi
  fi
  if [ -n "${GITLAB_CI-}" ]; then
    # GitLab reads \n as the end of a line, and git sends no option of more than 65 kB.
    set -- -o merge_request.create -o merge_request.remove_source_branch -o "merge_request.target=$CI_COMMIT_BRANCH" -o "merge_request.title=$title" \
      -o "merge_request.description=$(awk '(size += length + 2) < 50000 { printf "%s\\n", $0 }' "$directory/body.md")"
  else
    set --
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
