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
  # What differs already, such as line ends, is no update.
  git add --all
  before=$(git write-tree)
  code=0
  # A cache of npm in the project would be added, too.
  npm_config_cache=$(mktemp -d) npx --yes create-tsuru-service@latest regenerate --yes --conflict inline --no-install --report "$report" || code=$?
  case $code in
  0) mark= ;;
  3) mark=' (conflicts)' ;;
  *) exit "$code" ;;
  esac
  git add --all
  if git diff --cached --quiet "$before"; then
    echo 'Nothing has changed.'
    return
  fi
  # If the lock file does not fit, `try` fails.
  npm install --package-lock-only --ignore-scripts && git add package-lock.json || :
  version=$(node -p "require('./.tsuru-service/lock.json').generator")
  export GIT_AUTHOR_NAME=create-tsuru-service "GIT_AUTHOR_EMAIL=$email" GIT_COMMITTER_NAME=create-tsuru-service "GIT_COMMITTER_EMAIL=$email"
  { printf 'Update to create-tsuru-service %s\n\n' "$version$mark" && cat "$report"; } | git commit --quiet --no-verify --file -
  mkdir -p "$directory"
  git bundle create --quiet "$directory/commit" HEAD^..HEAD
  echo "commit=$(git rev-parse HEAD)" >>"$outputs"
}

try() {
  if [ ! -e "$directory/commit" ]; then return; fi
  git fetch --quiet "$directory/commit" HEAD
  git checkout --quiet --force FETCH_HEAD
  install='npm install'
  if [ -s package-lock.json ]; then install='npm ci'; fi
  failed=
  for check in "$install" 'npm run types' 'npm run lint' 'npm test'; do
    $check || failed="$failed $check;"
  done
  if [ -n "$failed" ]; then
    echo "Failed:$failed see above."
    exit 1
  fi
}

# The version in the title of an update, without what else it says.
versionOf() {
  git log -1 --format=%s "$1" | sed 's/ (.*//'
}

request() {
  if [ ! -e "$directory/commit" ]; then return; fi
  git fetch --quiet "$directory/commit" HEAD
  # Code of dependencies may replace the file on GitHub, but git then has no such commit.
  new=${COMMIT-$(git rev-parse FETCH_HEAD)}
  update=$(versionOf "$new")
  title=$(git log -1 --format=%s "$new")
  if [ "$RESULT" = success ]; then result=pass; else result='**fail**' title="$title (checks fail)"; fi
  {
    echo "This is a proposal: merge it, or add commits to it first. If you close it, the next version brings another one.

With these changes, the checks $result: ${CI_PIPELINE_URL-$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID}
"
    git log -1 --format=%b "$new" | head -c 50000
  } >"$directory/body.md"
  remote=origin
  if [ -n "${UPDATE_TOKEN-}" ]; then
    # Git asks for the token, so it is in no address, argument or file. The empty helper removes that of the runner.
    remote=${CI_PROJECT_URL%%//*}//oauth2@${CI_PROJECT_URL#*//}.git
    export GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=credential.helper GIT_CONFIG_VALUE_0= \
      "GIT_CONFIG_KEY_1=credential.$CI_SERVER_URL.helper" GIT_CONFIG_VALUE_1='!printf "password=%s\n" "$UPDATE_TOKEN" #'
  fi
  # The requests to the same branch, each with its state, number, commit, merge and title.
  known=
  pulls=repos/${GITHUB_REPOSITORY-}/pulls
  if [ -z "${GITLAB_CI-}" ]; then
    known=$(gh api --method GET "$pulls" -f state=all -f "base=$GITHUB_REF_NAME" -f "head=${GITHUB_REPOSITORY%%/*}:$branch" --jq '.[] | "\(.state) \(.number) \(.head.sha) \(.merged_at) \(.title | @json)"')
  fi
  isKnown() {
    printf '%s\n' "$known" | grep -q "$@"
  }
  old= others= last=
  there=$(git ls-remote "$remote" "refs/heads/$branch")
  if [ -n "$there" ]; then
    git fetch --quiet "$remote" "refs/heads/$branch"
    old=$(git rev-parse FETCH_HEAD)
    last=$(versionOf "$old")
    emails=$(git log --format=%ce "$new^..$old")
    others=$(printf '%s\n' "$emails" | sed "/^$email\$/d")
  fi
  # What was merged may be replaced, though a squash leaves its commits out.
  if [ -n "$others" ] && ! isKnown "^closed [0-9]* $old [0-9]"; then
    echo "The branch $branch has commits of others, so it stays as it is. Merge it, then delete it for a new proposal."
    return
  fi
  if [ -n "${GITLAB_CI-}" ]; then
    # GitLab reads \n as the end of a line, and git sends no option of more than 65 kB. Without `create`, what was closed stays so.
    set -- -o merge_request.remove_source_branch -o "merge_request.target=$CI_COMMIT_BRANCH" -o "merge_request.title=$title" \
      -o "merge_request.description=$(awk '(size += length + 2) < 50000 { printf "%s\\n", $0 }' "$directory/body.md")"
    if [ "$last" != "$update" ]; then set -- "$@" -o merge_request.create; fi
  else
    set --
    open=$(printf '%s\n' "$known" | sed -n 's/^open \([0-9]*\) .*/\1/p' | head -n 1)
    # Without a merge: by its title, as the branch may be deleted, or by its commit, as the title may be edited.
    if [ -z "$open" ] && { isKnown -F -e " null \"$update\"" -e " null \"$update (" || { [ "$last" = "$update" ] && isKnown "^closed [0-9]* $old null"; }; }; then
      echo 'This proposal was closed, so it is not made again.'
      return
    fi
  fi
  # GitHub is told the title and the text in any case, and GitLab by a push only. What was seen above is replaced, and nothing else.
  if [ -z "$old" ] || [ -n "${GITLAB_CI-}" ] || [ "$(git diff "$new^" "$new" | git patch-id --verbatim)" != "$(git diff "$new^...$old" | git patch-id --verbatim)" ]; then
    git push --quiet --no-verify --force-with-lease="refs/heads/$branch:$old" "$@" "$remote" "$new:refs/heads/$branch" || {
      echo "The branch $branch cannot be pushed. README.md says what the secret UPDATE_TOKEN needs (\"CI and updates\")."
      exit 1
    }
  fi
  if [ -n "${GITLAB_CI-}" ]; then return; fi
  if [ -n "$open" ]; then
    gh api --method PATCH "$pulls/$open" -f "title=$title" -F "body=@$directory/body.md" --jq .html_url
  else
    gh api "$pulls" -f "head=$branch" -f "base=$GITHUB_REF_NAME" -f "title=$title" -F "body=@$directory/body.md" --jq .html_url
  fi
}

"$step"
