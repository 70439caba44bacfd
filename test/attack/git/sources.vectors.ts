import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { importSource } from '../../../infra/git/import.js';
import { fetchRefs } from '../../../infra/git/mirror.js';
import { parseSource } from '../../../infra/git/source.js';
import { sourceRepository, temporaryHome } from '../../support/git/repositories.js';
import type { Vector } from '../vector.js';
import { inWorld, type NoWorld } from './in-world.js';
import type { HostileWorld } from './world.js';

/** Addresses that make git, ssh or a URL parser do something else than fetch from a named https host. */
export const NO_SOURCES: readonly string[] = [
  ...[
    '--upload-pack=touch x',
    '-x',
    'ext::sh -c touch% x',
    'fd::0',
    'file:///etc',
    'file://localhost/etc',
    'FILE:///etc',
  ],
  ...[
    'ssh://-oProxyCommand=x/y',
    'ssh://host/x',
    'git://host/x',
    'git@example.org:a/b',
    'example.org:a/b',
    'http://example.org/a',
  ],
  ...[
    'ftp://example.org/a',
    'https://user:pass@example.org/a',
    'https://user@example.org/a',
    'https://@example.org@evil.org/a#x',
  ],
  ...[
    'https://example.org/a?x=1',
    'https://example.org/a#x',
    'https://127.0.0.1/a',
    'https://127.1/a',
    'https://2130706433/a',
  ],
  ...[
    'https://0x7f000001/a',
    'https://0177.0.0.1/a',
    'https://[::1]/a',
    'https://[::ffff:127.0.0.1]/a',
    'https://localhost/a',
  ],
  ...[
    'https://x.localhost/a',
    'https://localhost./a',
    'https://169.254.169.254/a',
    'https://example.org',
    'https://example.org/',
  ],
  ...[
    'https://-oProxyCommand=x/a',
    'https://exa mple.org/a',
    'https://example.org\\@evil.org/a',
    'https://example.org\n/a',
  ],
  ...['/path\nwith line', '/path\0nul', 'relative/path', '../x', '~/x', '', ' ', `/${'x'.repeat(3_000)}`],
];

const addresses: Vector<NoWorld> = {
  name: 'addresses that are no source',
  controls: ['git.source-addresses'],
  isSmoke: true,
  run: async (_, tally) => {
    for (const text of NO_SOURCES) {
      let taken: string | undefined;
      try {
        taken = `${JSON.stringify(text)} was taken for ${JSON.stringify(parseSource(text))}`;
      } catch {
        // Refused, as it must be.
      }
      tally.count(taken);
    }
  },
};

const importFrom = (hostile: HostileWorld, path: string) =>
  importSource(hostile.world.mirror, {
    source: parseSource(path),
    dataDirectory: hostile.world.home,
    remote: hostile.world.remote,
    branch: 'evil',
  });

/** Imports a repository that somebody prepared outside, and tells whether the bait was executed. */
const prepared = (
  name: string,
  controls: readonly string[],
  prepare: (hostile: HostileWorld, outside: string) => string,
  mustBeRefused = false,
): Vector<NoWorld> => ({
  name,
  controls,
  run: (_, tally) =>
    inWorld(async (hostile) => {
      const outside = temporaryHome();
      try {
        const path = prepare(hostile, outside.path);
        const outcome = await importFrom(hostile, path).catch(() => undefined);
        tally.count(hostile.hasFired() ? 'the import executed it' : undefined);
        if (mustBeRefused) tally.count(outcome === undefined ? undefined : 'it was imported');
      } finally {
        outside.remove();
      }
    }),
});

const committed = (path: string): ReturnType<typeof sourceRepository> => {
  const source = sourceRepository(path);
  source.git('checkout', '-q', '-b', 'evil');
  source.commit('x', { 'x.txt': 'x\n' });
  return source;
};

const quoting = prepared('a path with shell in it', ['git.source-quoting'], (hostile, outside) => {
  const path = join(outside, `a'; sh ${hostile.bait} < /dev/null; '`);
  // `sh <path>` needs directories for the slashes of the bait's path.
  mkdirSync(path, { recursive: true });
  return committed(path).dir;
});

const hookedSource = prepared('a source with hooks, filters and an fsmonitor', [], (hostile, outside) => {
  const source = committed(join(outside, 'repo'));
  for (const key of [
    'core.fsmonitor',
    'core.sshCommand',
    'uploadpack.packObjectsHook',
    'core.alternateRefsCommand',
    'core.pager',
  ])
    source.git('config', key, hostile.bait);
  mkdirSync(join(source.dir, '.git/hooks'), { recursive: true });
  for (const hook of ['post-upload-pack', 'pre-push', 'reference-transaction', 'post-checkout'])
    symlinkSync(hostile.bait, join(source.dir, '.git/hooks', hook));
  return source.dir;
});

const promisorSource = prepared('a source that promises objects from a program', [], (hostile, outside) => {
  const source = committed(join(outside, 'repo'));
  const blob = source.git('rev-parse', 'HEAD:x.txt');
  for (const [key, value] of [
    ['core.repositoryFormatVersion', '1'],
    ['extensions.partialClone', 'origin'],
    ['remote.origin.promisor', 'true'],
    ['remote.origin.url', hostile.world.forge.dir],
    ['remote.origin.uploadpack', hostile.bait],
  ] as const)
    source.git('config', key, value);
  hostile.asHost(`rm -f '${source.dir}/.git/objects/${blob.slice(0, 2)}/${blob.slice(2)}'`);
  return source.dir;
});

const ownHome = prepared(
  'a source inside the data directory, by a link',
  ['git.source-outside-home'],
  (hostile, outside) => {
    hostile.world.source.git('branch', 'evil', hostile.base);
    symlinkSync(hostile.world.source.dir, join(outside, 'link'));
    return join(outside, 'link');
  },
  true,
);

const borrowing = prepared(
  'a source that borrows the objects of another repository',
  ['git.source-alternates'],
  (_, outside) => {
    const secret = committed(join(outside, 'secret'));
    const source = sourceRepository(join(outside, 'repo'));
    writeFileSync(join(source.dir, '.git/objects/info/alternates'), join(secret.dir, '.git/objects\n'));
    source.git('update-ref', 'refs/heads/evil', secret.git('rev-parse', 'HEAD'));
    return source.dir;
  },
  true,
);

/** Objects that no checkout may ever see: names and addresses that git itself would follow. */
const TREES: Readonly<Record<string, (blob: string) => string>> = {
  'a file named .git': (blob) => `100644 .git\\0${blob}`,
  'a file named .GIT': (blob) => `100644 .GIT\\0${blob}`,
  'a file named ..': (blob) => `100644 ..\\0${blob}`,
  'a file named git~1': (blob) => `100644 git~1\\0${blob}`,
  'a path in a name': (blob) => `100644 a/b\\0${blob}`,
  'a link named .gitmodules': (blob) => `120000 .gitmodules\\0${blob}`,
};

const hostileObjects: Vector<NoWorld> = {
  name: 'objects with names that git reads as its own',
  controls: ['git.object-checks'],
  run: (_, tally) =>
    inWorld(async (hostile) => {
      const { source, mirror } = hostile.world;
      const blob = source.git('rev-parse', `${hostile.base}:a.txt`).replace(/../g, '\\x$&');
      for (const [what, entry] of Object.entries(TREES)) {
        hostile.asHost(`cd ${source.dir}; tree=$(printf '%b' '${entry(blob)}' | git hash-object -t tree -w --stdin --literally)
          git update-ref refs/heads/evil $(echo x | git commit-tree $tree)`);
        const remote = { url: join(source.dir, '.git'), transport: 'file' } as const;
        const isTaken = await fetchRefs(mirror, { remote, refspecs: ['+refs/heads/evil:refs/millwright/evil'] }).then(
          () => true,
          () => false,
        );
        tally.count(isTaken ? `${what} was fetched` : undefined);
      }
      const modules = `[submodule "x"]\\n path = x\\n url = --upload-pack=sh\\n`;
      hostile.asHost(`cd ${source.dir}; blob=$(printf '${modules}' | git hash-object -w --stdin)
        tree=$(printf '100644 blob %s\\t.gitmodules\\n' $blob | git mktree); git update-ref refs/heads/evil $(echo x | git commit-tree $tree)`);
      const remote = { url: join(source.dir, '.git'), transport: 'file' } as const;
      const isTaken = await fetchRefs(mirror, { remote, refspecs: ['+refs/heads/evil:refs/millwright/evil'] }).then(
        () => true,
        () => false,
      );
      tally.count(isTaken ? 'a submodule whose address is an option was fetched' : undefined);
    }),
};

export const SOURCES: readonly Vector<NoWorld>[] = [
  ...[addresses, quoting, hookedSource, promisorSource, ownHome, borrowing, hostileObjects],
];
