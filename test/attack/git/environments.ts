import type { Environment } from '../../../infra/git/hardening.js';
import type { HostileWorld } from './world.js';

interface Poisoned {
  readonly environment: (world: HostileWorld) => Environment;
  /** Prepares what the variables name. */
  readonly plant?: string;
  /** Plain git in that environment that takes the bait. */
  readonly taken: string;
}

/** Variables that whoever starts the worker may have inherited from anywhere. */
export const ENVIRONMENTS: Readonly<Record<string, Poisoned>> = {
  GIT_CONFIG_COUNT: {
    environment: ({ bait }) => ({
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.fsmonitor',
      GIT_CONFIG_VALUE_0: bait,
    }),
    taken: 'GIT_INDEX_FILE=i git --git-dir="$MIRROR" --work-tree=. add -A',
  },
  GIT_CONFIG_PARAMETERS: {
    environment: ({ bait }) => ({ GIT_CONFIG_PARAMETERS: `'core.fsmonitor=${bait}'` }),
    taken: 'GIT_INDEX_FILE=i git --git-dir="$MIRROR" --work-tree=. add -A',
  },
  GIT_EXTERNAL_DIFF: {
    environment: ({ bait }) => ({ GIT_EXTERNAL_DIFF: bait }),
    taken: 'git --git-dir="$MIRROR" diff $BASE $TIP',
  },
  'GIT_SSH_COMMAND, GIT_SSH, GIT_PROXY_COMMAND and GIT_ASKPASS': {
    environment: ({ bait }) => ({ GIT_SSH_COMMAND: bait, GIT_SSH: bait, GIT_PROXY_COMMAND: bait, GIT_ASKPASS: bait }),
    taken: 'git ls-remote ssh://localhost/x',
  },
  GIT_EXEC_PATH: {
    plant: 'mkdir exec; for c in upload-pack receive-pack pack-objects index-pack; do ln -s "$BAIT" exec/git-$c; done',
    environment: ({ tree }) => ({ GIT_EXEC_PATH: `${tree.source}/exec` }),
    taken: 'git ls-remote "$FORGE"',
  },
  GIT_TEMPLATE_DIR: {
    plant: 'mkdir -p template/hooks; ln -s "$BAIT" template/hooks/reference-transaction',
    environment: ({ tree }) => ({ GIT_TEMPLATE_DIR: `${tree.source}/template` }),
    taken: 'git init -q "$MIRROR.plain"; git -C "$MIRROR.plain" commit -q --allow-empty -m x',
  },
  LD_PRELOAD: {
    plant: `printf '#include <stdlib.h>\\n__attribute__((constructor)) static void f(void) { unsetenv("LD_PRELOAD"); system("%s < /dev/null > /dev/null"); }\\n' "$BAIT" > p.c
      cc -shared -fPIC -o p.so p.c`,
    environment: ({ tree }) => ({ LD_PRELOAD: `${tree.source}/p.so` }),
    taken: 'git version',
  },
};
