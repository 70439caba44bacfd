import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { packArchive, unpackArchive } from '../../infra/embedded/backup/archive.js';
import { openSnapshot } from '../../infra/embedded/backup/dump.js';
import { loadRows } from '../../infra/embedded/backup/load.js';
import { readManifest } from '../../infra/embedded/backup/manifest.js';
import { adoptRepository, snapshotRepository } from '../../infra/embedded/backup/repositories.js';
import { appendEvent } from '../../infra/pg/events.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import { rowsOf, seedEpic, seedMail, seedProject, seedTask } from '../support/api/seed.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

let database: TestDatabase;
let directory: string;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millwright-backup-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const TABLES = ['project', 'epic', 'task', 'mail', 'event', 'stream', 'blob', 'outbox', 'idempotency_key'];
const contentOf = (db: TestDatabase): Promise<readonly unknown[]> =>
  Promise.all(TABLES.map((table) => rowsOf(db, `SELECT to_jsonb(t) - 'xid' AS row FROM ${table} t ORDER BY 1`)));

/** A database without a schema, which a restore fills. */
const emptyDatabase = async (): Promise<TestDatabase> => {
  const empty = await createTestDatabase();
  await rowsOf(empty, 'DROP SCHEMA public CASCADE');
  await rowsOf(empty, 'CREATE SCHEMA public');
  return empty;
};

test('every row comes back as it was, of one instant, and what follows goes on from there', async () => {
  const projectId = await seedProject(database, {
    config: '{"n":9007199254740993,"s":"é \\n 😀"}',
  });
  const epicId = await seedEpic(database, projectId);
  const parent = await seedTask(database, projectId, { epic_id: epicId });
  await seedTask(database, projectId, { id: '00000000-0000-7000-8000-000000000001', parent_task_id: parent });
  await seedMail(database, projectId, { body: 'two\nlines\u2028and a separator' });
  for (let at = 0; at < 450; at++) {
    await rowsOf(database, `INSERT INTO blob (ref, body) VALUES ($1, 'text')`, [`sha256:${at}`]);
  }
  await withTransaction(database.pools.writes, (tx) => appendEvent(tx, { type: 'epic.state', epicId, data: {} }));
  const before = await contentOf(database);
  const snapshot = await openSnapshot(database.url);
  await seedProject(database);
  const rows = await snapshot.write(directory);
  const { migrations } = snapshot;
  await snapshot.close();
  expect([rows.project, rows.blob, rows.schema_migration, rows.host]).toEqual([1, 450, undefined, undefined]);

  const target = await emptyDatabase();
  try {
    await loadRows(target.url, directory, { migrations, rows });
    expect(await contentOf(target)).toEqual(before);
    await withTransaction(target.pools.writes, (tx) => appendEvent(tx, { type: 'epic.state', epicId, data: {} }));
    const events = await rowsOf<{ xid: string; seq: number }>(
      target,
      'SELECT xid::text, seq FROM event ORDER BY event.xid, position',
    );
    expect(events.map(({ xid, seq }) => [xid === '0', seq])).toEqual([
      [true, 1],
      [false, 2],
    ]);
    await expect(loadRows(target.url, directory, { migrations, rows })).rejects.toMatchObject({ type: 'InvalidState' });
  } finally {
    await target.drop();
  }
});

test('a backup of an unknown schema, or one that lacks rows, restores nothing', async () => {
  const snapshot = await openSnapshot(database.url);
  const rows = await snapshot.write(directory);
  const { migrations } = snapshot;
  await snapshot.close();
  const target = await emptyDatabase();
  try {
    const newer = { migrations: [...migrations, '9999_add_future'], rows };
    await expect(loadRows(target.url, directory, newer)).rejects.toMatchObject({ type: 'InvalidState' });
    const more = { migrations, rows: { ...rows, project: (rows.project ?? 0) + 1 } };
    await expect(loadRows(target.url, directory, more)).rejects.toMatchObject({ type: 'InvalidInput' });
    expect(await rowsOf(target, 'SELECT 1 FROM project')).toEqual([]);
  } finally {
    await target.drop();
  }
});

test('a repository that is packed while it is copied comes along whole', async () => {
  const source = join(directory, 'source.git');
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-C', source, ...args], { encoding: 'utf8' });
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', source]);
  let tip = '';
  const commit = (text: string): void => {
    const tree = git('mktree', '--missing').trim();
    const author = ['-c', 'user.name=a', '-c', 'user.email=a@b'];
    tip = git(...author, 'commit-tree', tree, '-m', text, ...(tip === '' ? [] : ['-p', tip])).trim();
    git('update-ref', 'refs/heads/main', tip);
    git('update-ref', `refs/millwright/wip/${text}`, tip);
  };
  for (let at = 0; at < 5; at++) commit(`loose-${at}`);
  git('repack', '-q', '-a', '-d');
  git('pack-refs', '--all');
  for (let at = 0; at < 5; at++) commit(`late-${at}`);
  const copying = snapshotRepository(source, join(directory, 'copy.git'));
  git('repack', '-q', '-a', '-d');
  git('pack-refs', '--all');
  await copying;
  await adoptRepository(join(directory, 'copy.git'), join(directory, 'home/restored.git'));
  const restored = ['-C', join(directory, 'home/restored.git')];
  const refs = (where: readonly string[]): string =>
    execFileSync('git', [...where, 'for-each-ref', '--format=%(refname) %(objectname)'], { encoding: 'utf8' });
  expect(refs(restored)).toBe(refs(['-C', source]));
  execFileSync('git', [...restored, 'fsck', '--full', '--strict']);
});

test.each<[string, (at: string) => void]>([
  ['a link', (at) => symlinkSync('/etc', join(at, 'forge'))],
  [
    'a link further down',
    (at) => {
      mkdirSync(join(at, 'forge/a'), { recursive: true });
      symlinkSync('/etc/passwd', join(at, 'forge/a/HEAD'));
    },
  ],
])('an archive with %s is refused', async (_what, plant) => {
  const evil = join(directory, 'evil');
  mkdirSync(evil);
  plant(evil);
  const file = join(directory, 'evil.tgz');
  execFileSync('tar', ['-czf', file, '-C', evil, '.']);
  const into = join(directory, 'into');
  mkdirSync(into);
  await expect(unpackArchive(file, into)).rejects.toMatchObject({ type: 'InvalidInput' });
});

test('what is no archive, a part of one, or no backup is refused in words', async () => {
  const content = join(directory, 'content');
  mkdirSync(content);
  writeFileSync(join(content, 'a'), Buffer.alloc(300_000, Math.random().toString()));
  const whole = join(directory, 'whole.tgz');
  await packArchive(whole, [{ directory: content, name: '.' }]);
  const text = join(directory, 'text');
  writeFileSync(text, 'hello');
  const part = join(directory, 'part.tgz');
  writeFileSync(part, execFileSync('head', ['-c', '400', whole]));
  for (const file of [text, part, '/dev/null', directory]) {
    const into = mkdtempSync(join(directory, 'into-'));
    await expect(unpackArchive(file, into)).rejects.toMatchObject({ type: 'InvalidInput' });
  }
  expect(() => readManifest(content)).toThrow('not a backup of Millwright');
  writeFileSync(join(content, 'manifest.json'), '{"format":7}');
  expect(() => readManifest(content)).toThrow('format 7');
  expect(readdirSync(directory).filter((name) => name.endsWith('.draft'))).toEqual([]);
});
