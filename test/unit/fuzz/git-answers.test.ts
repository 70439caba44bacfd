import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Failure } from '../../../domain/failures.js';
import { readFileAt } from '../../../infra/git/blobs.js';
import { commitTree, parsePerson } from '../../../infra/git/commit.js';
import { listChanges } from '../../../infra/git/diff.js';
import { whyNotWithin } from '../../../infra/git/footprint.js';
import { listCommits } from '../../../infra/git/log.js';
import { mergeTrees } from '../../../infra/git/merge.js';
import {
  changedPaths,
  firstParents,
  listRefs,
  listTree,
  mergeBaseOf,
  readCommits,
  readRef,
  treeOf,
} from '../../../infra/git/objects.js';
import { patchId } from '../../../infra/git/patch-id.js';
import { listRemoteRefs, readTip } from '../../../infra/git/remote-refs.js';
import { pathText, type Repository } from '../../../infra/git/repository.js';
import type { GitCall } from '../../../infra/git/run.js';
import { ending, shuffled, tries } from '../../support/fuzz.js';

/** A repository whose git says what it is told to, and keeps what it was asked. */
const saying = (say: (call: GitCall) => Buffer, exitCode = 0, asked: GitCall[] = []): Repository => {
  const run = async (call: GitCall) => {
    asked.push(call);
    return { stdout: say(call), stderr: '', exitCode, truncated: false };
  };
  return { git: { run, treeOwner: undefined }, dir: '/nowhere' };
};

const [A, B, C] = ['a'.repeat(40), 'b'.repeat(40), 'c'.repeat(40)] as const;
const REMOTE = { url: '/nowhere', transport: 'file' } as const;
const nul = (fields: readonly string[]): Buffer => Buffer.from(fields.map((one) => `${one}\0`).join(''), 'latin1');

/** Any bytes but NUL, as one character each: names of files, authors and messages are the repository's to choose. */
const bytes = (minLength = 1) =>
  fc
    .oneof(
      fc.array(fc.integer({ min: 1, max: 255 }), { minLength, maxLength: 8 }),
      fc.constantFrom('a\tb', '\n', '-', '1\t2\tx', 'R100', ' ', '100644 blob', 'CONFLICT (x)', '0', '2').map(codesOf),
    )
    .map((codes) => String.fromCharCode(...codes));
const codesOf = (text: string): number[] => [...text].map((char) => char.charCodeAt(0));
const id = fc.constantFrom(A, B, C);
const utf8 = (latin1: string): string => Buffer.from(latin1, 'latin1').toString('utf8');

test('changes are told with their names and counts, whatever the names hold', async () => {
  const count = fc.option(fc.nat({ max: 10_000 }), { nil: null });
  const change = fc.record({ letter: fc.constantFrom('A', 'M', 'D', 'T', 'R'), path: bytes(), from: bytes(), count });
  const unlike = fc.uniqueArray(change, { maxLength: 6, selector: ({ path }) => path });
  await fc.assert(
    fc.asyncProperty(unlike, async (changes) => {
      const names = changes.flatMap(({ letter, path, from }) =>
        letter === 'R' ? ['R090', from, path] : [letter, path],
      );
      const counts = changes.flatMap(({ letter, path, from, count: n }) => {
        const lines = `${n ?? '-'}\t${n ?? '-'}\t`;
        return letter === 'R' ? [lines, from, path] : [`${lines}${path}`];
      });
      const repo = saying(({ options }) => nul(options?.includes('--numstat') ? counts : names));
      expect(await listChanges(repo, { from: A, to: B })).toEqual(
        changes.map(({ letter, path, from, count: n }) => ({
          status: letter,
          path: pathText(path),
          ...(letter === 'R' ? { previousPath: pathText(from) } : {}),
          added: n,
          deleted: n,
        })),
      );
    }),
    tries(150),
  );
});

test('a conflict is told with its files and git’s own notes', async () => {
  const note = fc.record({
    paths: fc.array(bytes(), { maxLength: 3 }),
    kind: fc.constantFrom('Auto-merging', 'CONFLICT (contents)', 'CONFLICT (rename/delete)'),
    text: bytes(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(bytes(), { maxLength: 4 }), fc.array(note, { maxLength: 4 }), async (files, notes) => {
      const told = notes.flatMap(({ paths, kind, text }) => [`${paths.length}`, ...paths, kind, text]);
      const merged = await mergeTrees(
        saying(() => nul([A, ...files, '', ...told]), 1),
        B,
        C,
      );
      expect(merged).toEqual({
        kind: 'conflict',
        tree: A,
        files: files.map(pathText),
        notes: notes
          .filter(({ kind }) => kind.startsWith('CONFLICT'))
          .map(({ paths, kind, text }) => ({ paths: paths.map(pathText), kind, text: pathText(text).trim() })),
      });
    }),
    tries(150),
  );
});

test('commits are told with whatever their authors and messages are', async () => {
  const commit = fc.record({
    sha: id,
    parents: fc.array(id, { maxLength: 3 }),
    author: bytes(0),
    seconds: fc.oneof(fc.nat(), fc.constantFrom('', '-1', '9223372036854775807', '99999999999999999999', 'x')),
    message: bytes(0),
  });
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(commit, { maxLength: 3, selector: ({ sha }) => sha }), async (commits) => {
      const short = commits.map(({ sha, parents, author, seconds, message }) =>
        [sha, parents.join(' '), author, `${seconds}`, message].join('\0'),
      );
      const log = await listCommits(
        saying(() => Buffer.from(short.join('\0'), 'latin1')),
        { tip: A },
      );
      expect(
        log.map(({ committedAt, ...rest }) => ({ ...rest, isTime: !Number.isNaN(Date.parse(committedAt)) })),
      ).toEqual(
        commits.map(({ sha, parents, author, message }) => ({
          sha,
          parents,
          authorName: utf8(author),
          subject: utf8(message),
          isTime: true,
        })),
      );
      const long = commits.map(({ sha, parents, author, seconds, message }) =>
        [sha, B, parents.join(' '), author, author, `${seconds}`, message].join('\0'),
      );
      const facts = await readCommits(
        saying(() => Buffer.from(long.join('\0'), 'latin1')),
        [A],
      );
      for (const { sha, parents, author, message } of commits)
        expect(facts.get(sha)).toMatchObject({
          tree: B,
          parents,
          authorEmail: utf8(author),
          message: utf8(message).trimEnd(),
        });
      for (const { committedAtSeconds } of facts.values()) expect(Number.isSafeInteger(committedAtSeconds)).toBe(true);
    }),
    tries(150),
  );
});

test('a tree is told with the names that it holds', async () => {
  const entry = fc.record({ mode: fc.constantFrom('100644', '100755', '120000'), blob: id, path: bytes() });
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 6 }), async (entries) => {
      const lines = entries.map(({ mode, blob, path }) => `${mode} blob ${blob}\t${path}`);
      expect(
        await listTree(
          saying(() => nul(lines)),
          A,
        ),
      ).toEqual(entries.map(({ mode, blob, path }) => ({ mode, blob, path: pathText(path) })));
    }),
    tries(150),
  );
});

test('an author and a time that a commit claims are made ones that git takes', async () => {
  const name = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', ' . ', '<>', '\0', '"', 'a\nb', '\\'));
  const time = fc.oneof(fc.double(), fc.constantFrom(-1, 1e21, 2 ** 63, Number.NaN, Number.POSITIVE_INFINITY));
  await fc.assert(
    fc.asyncProperty(name, name, time, async (who, email, atSeconds) => {
      const asked: GitCall[] = [];
      const repo = saying(() => Buffer.from(A), 0, asked);
      await commitTree(repo, { tree: A, parents: [B], message: who, author: { name: who, email }, atSeconds });
      const { author, input } = asked[0] ?? {};
      for (const text of [author?.name, author?.email]) expect(text).toMatch(/^[^\p{Cc}<>]*[^\p{Cc}<>\s.,:;"'\\]$/u);
      expect(String(author?.atSeconds)).toMatch(/^\d{1,12}$/);
      expect(String(input)).toMatch(/^[^\0]+\n$/);
    }),
    tries(300),
  );
});

test.each([' ', '.', '\u0001', '<'])('a name of %j again and again is read to its end', (unit) => {
  const long = `x${unit.repeat(300_000)}y`;
  ending(
    () =>
      void commitTree(
        saying(() => Buffer.from(A)),
        {
          ...{ tree: A, parents: [], message: long, atSeconds: 0 },
          author: { name: long, email: long },
        },
      ),
  );
  ending(() => {
    try {
      parsePerson(long);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
  });
});

const PIECES = [A, B, '\0', '\0\0', '\t', ' ', '\n', '0', '1', '3', '-', '9007199254740992', '1e9', 'refs/heads/main'];
const MORE = ['R100', 'C', 'M', 'CONFLICT (contents)', '100644 blob ', '160000 commit ', '-1', 'ÿ', '^{}', ' 12\t'];

const PARSERS: readonly (readonly [string, (repo: Repository) => Promise<unknown>])[] = [
  ['diff-tree', (repo) => listChanges(repo, { from: A, to: B })],
  ['diff-tree, names', (repo) => changedPaths(repo, A, B)],
  ['diff-tree, renames', (repo) => whyNotWithin(repo, { base: A, candidate: B, heads: [C] })],
  ['merge-tree', (repo) => mergeTrees(repo, A, B)],
  ['ls-remote', (repo) => listRemoteRefs(repo, REMOTE, ['main'])],
  ['ls-remote, one', (repo) => readTip(repo, REMOTE, 'main')],
  ['log', (repo) => listCommits(repo, { tip: A })],
  ['log, facts', (repo) => readCommits(repo, [A])],
  ['ls-tree', (repo) => listTree(repo, A)],
  ['ls-tree, one file', (repo) => readFileAt(repo, { at: A, path: 'x' })],
  ['rev-parse', (repo) => readRef(repo, 'refs/heads/main')],
  ['rev-parse, tree', (repo) => treeOf(repo, A)],
  ['for-each-ref', (repo) => listRefs(repo, 'refs/')],
  ['rev-list', (repo) => firstParents(repo, { base: A, tip: B })],
  ['merge-base', (repo) => mergeBaseOf(repo, A, B)],
  ['patch-id', (repo) => patchId(repo, A, B)],
];

const hasNoNumber = (value: unknown): boolean =>
  JSON.stringify(value ?? null, (_, at) => (Number.isNaN(at) ? 'NaN' : at)).includes('"NaN"');

test.each(PARSERS)('an answer of %s in any other form is read to its end, or is a typed failure', async (_, parse) => {
  const noise = fc.oneof(
    shuffled([...PIECES, ...MORE], 30).map((text) => Buffer.from(text, 'latin1')),
    fc.uint8Array({ maxLength: 60 }).map((some) => Buffer.from(some)),
  );
  await fc.assert(
    fc.asyncProperty(noise, fc.constantFrom(0, 1), async (stdout, exitCode) => {
      try {
        const read = await parse(saying(() => stdout, exitCode));
        expect(hasNoNumber(read instanceof Map ? [...read.values()] : read)).toBe(false);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
      }
    }),
    tries(150),
  );
});
