// What runs inside git, so that it is refused as GitHub refuses it: with its own words, per ref.

/**
 * Reads the rules of this push from `$PUSH_RULES`, one a line:
 * `<code> <glob> <may force: 0|1> <may delete: 0|1> <file of shas that may come, or -> <reason>`.
 */
export const UPDATE_HOOK = `#!/bin/sh
ref=$1 old=$2 new=$3
zero=0000000000000000000000000000000000000000
refuse() {
  if [ "$code" = GH013 ]; then
    echo "error: GH013: Repository rule violations found for $ref." >&2
    echo "- $1" >&2
  else
    echo "error: GH006: Protected branch update failed for $ref." >&2
    echo "error: $1" >&2
  fi
  exit 1
}
if [ -n "$PUSH_REFUSES_WORKFLOWS" ] && [ "$new" != $zero ]; then
  if [ "$old" = $zero ]; then changed=$(git ls-tree -r --name-only "$new" -- .github/workflows)
    git merge-base --is-ancestor "$new" HEAD 2>/dev/null && changed=
    [ -n "$changed" ] && changed=$(git diff-tree -r --name-only HEAD "$new" -- .github/workflows)
  else changed=$(git diff-tree -r --name-only "$old" "$new" -- .github/workflows); fi
  if [ -n "$changed" ]; then
    echo "error: refusing to allow a GitHub App to create or update workflow \\\`$(echo "$changed" | head -n 1)\\\` without \\\`workflows\\\` permission" >&2
    exit 1
  fi
fi
[ -f "$PUSH_RULES" ] || exit 0
while read -r code glob force delete shas reason; do
  case "$ref" in $glob) ;; *) continue ;; esac
  if [ "$new" = $zero ]; then
    [ "$delete" = 1 ] || refuse "Cannot delete this branch"
    continue
  fi
  if [ "$old" != $zero ] && [ "$force" != 1 ] && ! git merge-base --is-ancestor "$old" "$new"; then
    refuse "Cannot force-push to this branch"
  fi
  [ "$old" = $zero ] && [ "$code" = GH006 ] && continue
  if [ "$shas" != - ] && ! grep -q "^$new$" "$shas"; then refuse "$reason"; fi
done < "$PUSH_RULES"
exit 0
`;
