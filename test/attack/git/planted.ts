/** What an agent can leave in its tree. Each is executed by plain git there, which is tried first. */
export interface Planted {
  /** Runs in the tree, as the agent, after `git init`. `$BAIT` is what must never be executed. */
  readonly plant: string;
  /** Plain git that takes the bait: proof that it is alive. */
  readonly taken: string;
}

const COMMIT = 'git add -A; git commit -qm x';
const EVERYTHING = (driver: string): string => `printf '* ${driver}=x\\n' > .gitattributes`;

const SUBMODULE = `git init -q .git/other; git -C .git/other commit -q --allow-empty -m x
      git -c protocol.file.allow=always submodule --quiet add "$PWD/.git/other" sub`;

export const PLANTED: Readonly<Record<string, Planted>> = {
  'core.fsmonitor': { plant: 'git config core.fsmonitor "$BAIT"', taken: 'git status' },
  'core.hooksPath': {
    plant: `git config core.hooksPath .hooks; mkdir .hooks
      for h in pre-commit post-checkout post-index-change reference-transaction pre-push post-merge; do ln -s "$BAIT" .hooks/$h; done`,
    taken: COMMIT,
  },
  'hooks of the repository': {
    plant: `mkdir -p .git/hooks; for h in pre-commit post-checkout post-index-change reference-transaction pre-push; do
      ln -sf "$BAIT" .git/hooks/$h; done`,
    taken: COMMIT,
  },
  'filter.clean': { plant: `git config filter.x.clean "$BAIT"; ${EVERYTHING('filter')}`, taken: 'git add -A' },
  'filter.smudge': {
    plant: `git config filter.x.smudge "$BAIT"; ${EVERYTHING('filter')}`,
    taken: `${COMMIT}; rm a.txt; git checkout -- a.txt`,
  },
  'filter.process': {
    plant: `git config filter.x.process "$BAIT"; git config filter.x.required true; ${EVERYTHING('filter')}`,
    taken: 'git add -A',
  },
  'attributes beside the repository': {
    plant: `git config filter.x.clean "$BAIT"; mkdir -p .git/info; printf '* filter=x\\n' > .git/info/attributes`,
    taken: 'git add -A',
  },
  'core.attributesFile': {
    plant: `printf '* filter=x\\n' > att; git config core.attributesFile att; git config filter.x.clean "$BAIT"`,
    taken: 'git add -A',
  },
  'diff driver': {
    plant: `git config diff.x.command "$BAIT"; ${EVERYTHING('diff')}`,
    taken: `${COMMIT}; echo y >> a.txt; git diff`,
  },
  textconv: {
    plant: `git config diff.x.textconv "$BAIT"; ${EVERYTHING('diff')}`,
    taken: `${COMMIT}; echo y >> a.txt; git diff`,
  },
  'diff.external': {
    plant: 'git config diff.external "$BAIT"',
    taken: `${COMMIT}; echo y >> a.txt; git diff`,
  },
  'merge driver': {
    plant: `git config merge.x.driver "$BAIT"; ${EVERYTHING('merge')}`,
    taken: `${COMMIT}; git checkout -qb other; echo o > a.txt; ${COMMIT}; git checkout -q -; echo m > a.txt; ${COMMIT}; git merge -q other`,
  },
  'include.path': {
    plant: `printf '[core]\\n fsmonitor = %s\\n' "$BAIT" > evil; git config include.path ../evil`,
    taken: 'git status',
  },
  includeIf: {
    plant: `printf '[core]\\n fsmonitor = %s\\n' "$BAIT" > evil; git config includeIf.gitdir:/.path "$PWD/evil"`,
    taken: 'git status',
  },
  'config.worktree': {
    plant: 'git config extensions.worktreeConfig true; git config --worktree core.fsmonitor "$BAIT"',
    taken: 'git status',
  },
  'remote.receivepack': {
    plant: 'git config remote.origin.receivepack "$BAIT"; git config remote.origin.url "$FORGE"',
    taken: `${COMMIT}; git push -q origin HEAD:x`,
  },
  'remote.uploadpack': {
    plant: 'git config remote.origin.uploadpack "$BAIT"; git config remote.origin.url "$FORGE"',
    taken: 'git fetch -q origin',
  },
  'a promisor that is asked for missing objects': {
    plant: `git config core.repositoryFormatVersion 1; git config extensions.partialClone origin
      git config remote.origin.promisor true; git config remote.origin.uploadpack "$BAIT"; git config remote.origin.url "$FORGE"`,
    taken: 'git cat-file -p 1234567812345678123456781234567812345678',
  },
  'ext:: behind insteadOf': {
    plant: `git config url."ext::$BAIT ".insteadOf /; git config protocol.ext.allow always
      git config remote.origin.url "$FORGE"`,
    taken: 'git fetch -q origin',
  },
  'core.sshCommand': {
    plant: 'git config core.sshCommand "$BAIT"; git config remote.origin.url ssh://localhost/x',
    taken: 'git fetch -q origin',
  },
  'core.gitProxy': {
    plant: 'git config core.gitProxy "$BAIT"; git config remote.origin.url git://localhost/x',
    taken: 'git fetch -q origin',
  },
  'credential.helper': {
    plant: 'git config credential.helper "!$BAIT"',
    taken: `printf 'protocol=https\\nhost=x\\n\\n' | git credential fill`,
  },
  'core.askPass': {
    plant: 'git config core.askPass "$BAIT"',
    taken: `printf 'protocol=https\\nhost=x\\n\\n' | git credential fill`,
  },
  'core.alternateRefsCommand': {
    plant: `git config core.alternateRefsCommand "$BAIT"; git init -q .git/other
      git -C .git/other commit -q --allow-empty -m x; git config remote.origin.url "$PWD/.git/other"
      git config remote.origin.fetch +refs/heads/*:refs/remotes/origin/*; echo "$PWD/.git/other/.git/objects" > .git/objects/info/alternates`,
    taken: 'git fetch -q origin',
  },
  'gpg.program': {
    plant: 'git config gpg.program "$BAIT"; git config commit.gpgSign true',
    taken: COMMIT,
  },
  'core.editor': {
    plant: 'git config core.editor "$BAIT"; git config sequence.editor "$BAIT"',
    taken: 'git add -A; git commit -q',
  },
  'core.pager': {
    plant: 'git config core.pager "$BAIT"; git config color.pager true',
    taken: `${COMMIT}; script -qec 'git log' /dev/null`,
  },
  'trailer.command': {
    plant: 'git config trailer.x.command "$BAIT"',
    taken: 'echo m | git interpret-trailers --trailer x',
  },
  'submodule.update in .gitmodules and config': {
    plant: `${SUBMODULE}; git config submodule.sub.update "!$BAIT"`,
    taken: 'rm -rf sub; git -c protocol.file.allow=always submodule --quiet update --force',
  },
  'a submodule with an fsmonitor of its own': {
    plant: `${SUBMODULE}; git -C sub config core.fsmonitor "$BAIT"`,
    taken: 'git status',
  },
  'a redirecting .git file': {
    plant: `mv .git moved; git --git-dir moved config core.fsmonitor "$BAIT"; echo 'gitdir: moved' > .git`,
    taken: 'git status',
  },
  'a bare repository in the tree': {
    plant: `rm -rf .git; git init -q --bare bare; git --git-dir bare config core.fsmonitor "$BAIT"
      git --git-dir bare config core.worktree ..; git --git-dir bare config core.bare false; cp -r bare/* .`,
    taken: 'git status',
  },
  'user configuration in the tree': {
    plant: `printf '[core]\\n fsmonitor = %s\\n' "$BAIT" | tee .gitconfig >> .git/config`,
    taken: 'HOME=$PWD git status',
  },
};
