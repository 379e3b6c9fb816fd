#!/bin/sh
# CI runs this every week. `make DIRECTORY` commits what the newest create-tsuru-service changes, and checks the result;
# `request DIRECTORY` pushes that commit, and opens or updates one pull or merge request. The commits of others stay.
set -eu
step=$1
directory=$2
branch=create-tsuru-service-update
email=update@create-tsuru-service.invalid

# Notes in the request whether a command succeeds.
check() {
  if "$@"; then result=passes; else result='**fails**' failing=' (checks fail)'; fi
  echo "- \`$*\` $result" >>"$directory/body.md"
}

make() {
  mkdir -p "$directory"
  code=0
  npx --yes create-tsuru-service@latest regenerate --yes --conflict inline --no-install --report "$directory/report.md" || code=$?
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
  failing=
  version=$(node -p "require('./.tsuru-service/lock.json').generator")
  echo 'This is a proposal: merge it, or add commits to it first. If you close it, the next version brings another one.

With these changes:
' >"$directory/body.md"
  check npm install
  git add --all
  check npm run types
  check npm run lint
  check npm test
  { echo && head -c 50000 "$directory/report.md"; } >>"$directory/body.md"
  echo "Update to create-tsuru-service $version$mark$failing" >"$directory/title"
  git -c user.name=create-tsuru-service -c "user.email=$email" commit --quiet --no-verify --file "$directory/title"
  git bundle create --quiet "$directory/commit" HEAD^..HEAD
  if [ -n "${GITHUB_OUTPUT-}" ]; then echo 'changed=true' >>"$GITHUB_OUTPUT"; fi
}

request() {
  if [ ! -e "$directory/commit" ]; then return; fi
  git fetch --quiet "$directory/commit" HEAD
  new=$(git rev-parse FETCH_HEAD)
  title=$(cat "$directory/title")
  old= same=
  if git fetch --quiet origin "refs/heads/$branch" 2>/dev/null; then
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
    known=$(gh api "$pulls?state=all&head=${GITHUB_REPOSITORY%%/*}:$branch" --jq '.[] | "\(.state) \(.number) \(.head.sha)", "\(.merged_at) \(.title)"')
    open=$(echo "$known" | sed -n 's/^open \([0-9]*\) [0-9a-f]*$/\1/p' | head -n 1)
    # Without a merge: by its title, as the branch may be deleted, or by its commit, as the title may be edited.
    if [ -z "$open" ] && { echo "$known" | grep -qxF "null $title" || { [ -n "$same" ] && echo "$known" | grep -q "^closed .* $old$"; }; }; then
      echo 'This proposal was closed, so it is not made again.'
      return
    fi
  fi
  # Only what was seen above is replaced.
  if [ -z "$same" ] && ! git push --quiet --no-verify --force-with-lease="refs/heads/$branch:$old" "$@" origin "$new:refs/heads/$branch"; then
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
