/**
 * The second wall: the same traps in metadata of our own, where no agent can write. The flags and the environment of
 * every host git must stop these by themselves.
 */
export interface Poison {
  /** Runs as the host, in the tree, on `$MIRROR`. */
  readonly plant: string;
  /** Plain git that takes the bait. */
  readonly taken: string;
  readonly controls: readonly string[];
}

const SET = 'git --git-dir="$MIRROR" config';
const ON_TREE = 'git --git-dir="$MIRROR" --work-tree=.';

export const POISONED: Readonly<Record<string, Poison>> = {
  'core.fsmonitor in our metadata': {
    plant: `${SET} core.fsmonitor "$BAIT"`,
    taken: `GIT_INDEX_FILE=i ${ON_TREE} add -A`,
    controls: ['git.fsmonitor'],
  },
  'hooks in our metadata': {
    plant: `mkdir "$MIRROR/hooks"; for h in reference-transaction post-index-change pre-push; do ln -s "$BAIT" "$MIRROR/hooks/$h"; done`,
    taken: 'git --git-dir="$MIRROR" update-ref refs/millwright/h $TIP',
    controls: ['git.hooks'],
  },
  'an attributes file in our metadata': {
    plant: `printf '* filter=x\\n' > "$MIRROR/att"; ${SET} core.attributesFile "$MIRROR/att"; ${SET} filter.x.clean "$BAIT"`,
    taken: `GIT_INDEX_FILE=i ${ON_TREE} add -A`,
    controls: ['git.attributes-file'],
  },
  'diff.external in our metadata': {
    plant: `${SET} diff.external "$BAIT"`,
    taken: 'git --git-dir="$MIRROR" diff $BASE $TIP',
    controls: [],
  },
  'a signature to be shown, by gpg': {
    plant: `${SET} log.showSignature true; ${SET} gpg.program "$BAIT"; ${SET} gpg.openpgp.program "$BAIT"
      $SIGN 'BEGIN PGP SIGNATURE'`,
    taken: 'git --git-dir="$MIRROR" log refs/millwright/signed',
    controls: ['git.signatures'],
  },
  'a signature to be shown, by ssh': {
    plant: `${SET} log.showSignature true; ${SET} gpg.ssh.program "$BAIT"; ${SET} gpg.ssh.allowedSignersFile /dev/null
      $SIGN 'BEGIN SSH SIGNATURE'`,
    taken: 'git --git-dir="$MIRROR" log refs/millwright/signed',
    controls: ['git.signatures'],
  },
  'a signature to be shown, by x509': {
    plant: `${SET} log.showSignature true; ${SET} gpg.x509.program "$BAIT"
      $SIGN 'BEGIN SIGNED MESSAGE'`,
    taken: 'git --git-dir="$MIRROR" log refs/millwright/signed',
    controls: ['git.signatures'],
  },
  'other people’s references, by command': {
    plant: `git init -q --bare "$MIRROR.alternate"; echo "$MIRROR.alternate/objects" > "$MIRROR/objects/info/alternates"
      ${SET} core.alternateRefsCommand "$BAIT"`,
    taken: 'git --git-dir="$MIRROR" fetch -q "$FORGE" main',
    controls: ['git.alternate-refs'],
  },
  'ext:: behind insteadOf in our metadata': {
    plant: `${SET} url."ext::$BAIT ".insteadOf /`,
    taken: 'git --git-dir="$MIRROR" -c protocol.ext.allow=always fetch -q "$FORGE" main',
    controls: ['git.transports'],
  },
  'ssh behind insteadOf in our metadata': {
    plant: `${SET} url."ssh://localhost/".insteadOf /; ${SET} core.sshCommand "$BAIT"`,
    taken: 'git --git-dir="$MIRROR" fetch -q "$FORGE" main',
    controls: ['git.transports'],
  },
  'a promisor in our metadata': {
    plant: `${SET} core.repositoryFormatVersion 1; ${SET} extensions.partialClone origin; ${SET} remote.origin.promisor true
      ${SET} remote.origin.uploadpack "$BAIT"; ${SET} remote.origin.url "$FORGE"
      mv "$MIRROR"/objects/pack/*.pack "$MIRROR/p"; rm -f "$MIRROR"/objects/pack/*; git --git-dir="$MIRROR" unpack-objects -q < "$MIRROR/p"
      blob=$(git --git-dir="$MIRROR" rev-parse $TIP:c.txt); rm -f "$MIRROR/objects/$(echo $blob | cut -c1-2)/$(echo $blob | cut -c3-)"`,
    taken: 'git --git-dir="$MIRROR" cat-file -p $TIP:c.txt',
    controls: ['git.lazy-fetch'],
  },
};
