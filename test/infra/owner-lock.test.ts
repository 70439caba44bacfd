import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { replaceFile } from '../../infra/atomic-file.js';
import { lockOwner, tryOwnerLock } from '../../infra/owner-lock.js';
import { findProcess, ownIdentity } from '../../infra/process-identity.js';
import { compileFolders } from '../support/compiled.js';
import { until } from '../support/until.js';

let root: string;
let compiled: ReturnType<typeof compileFolders>;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'owner-lock-'));
  compiled = compileFolders('owner-lock', [
    'infra/owner-lock.ts',
    'infra/process-identity.ts',
    'infra/atomic-file.ts',
    'infra/errors.ts',
    'infra/json-file.ts',
    'domain/failures.ts',
  ]);
});
const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  compiled.rm();
  rmSync(root, { recursive: true, force: true });
});

/** Runs code that has `tryOwnerLock` at hand in a process of its own. */
const inProcess = (code: string): ChildProcess => {
  const module = join(compiled.directory, 'infra/owner-lock.js');
  const program = `import { tryOwnerLock } from ${JSON.stringify(module)};\n${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  return child;
};

test('a lock has one owner and is free after its release, which counts once', () => {
  const path = join(root, 'one');
  const first = tryOwnerLock(path);
  expect(tryOwnerLock(path)).toEqual({ kind: 'taken', owner: ownIdentity() });
  if (first.kind !== 'held') throw new Error('not held');
  first.lock.release();
  const second = tryOwnerLock(path);
  first.lock.release();
  expect(second.kind).toBe('held');
  expect(lockOwner(path)).toEqual(ownIdentity());
});

test('an owner killed by SIGKILL holds nothing', async () => {
  const path = join(root, 'killed');
  const owner = inProcess(`console.log(tryOwnerLock(${JSON.stringify(path)}).kind); setInterval(() => {}, 1000);`);
  await until(() => lockOwner(path)?.pid === owner.pid);
  expect(tryOwnerLock(path).kind).toBe('taken');
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  expect(lockOwner(path)).toBeUndefined();
  expect(tryOwnerLock(path).kind).toBe('held');
});

test('a process that took over the number of a dead owner does not hold its lock', () => {
  const path = join(root, 'recycled');
  writeFileSync(path, JSON.stringify({ ...ownIdentity(), startedAt: 'another boot/1' }));
  expect(tryOwnerLock(path).kind).toBe('held');
});

test('of many processes that find a dead owner exactly one takes over, and nothing is left beside the lock', async () => {
  const path = join(root, 'contended');
  writeFileSync(path, JSON.stringify({ pid: 2 ** 22 - 1, startedAt: 'long ago' }));
  const start = Date.now() + 1_000;
  const code = `
    while (Date.now() < ${start});
    console.log(tryOwnerLock(${JSON.stringify(path)}).kind);
    setInterval(() => {}, 1000);`;
  const contenders = Array.from({ length: 6 }, () => inProcess(code));
  const answers = await Promise.all(
    contenders.map(async ({ stdout }) => String((await once(stdout ?? process, 'data'))[0])),
  );
  for (const contender of contenders) contender.kill('SIGKILL');
  expect(answers.map((answer) => answer.trim()).sort()).toEqual(['held', 'taken', 'taken', 'taken', 'taken', 'taken']);
  expect(readdirSync(root).filter((name) => name.startsWith('contended'))).toEqual(['contended']);
  expect(existsSync(path) && JSON.parse(readFileSync(path, 'utf8')).pid).not.toBe(2 ** 22 - 1);
});

/** Code that calls `act` as soon as a file function of Node is called for the claim on the lock of a dead owner. */
const beforeClaim = (name: 'linkSync' | 'readFileSync', act: string): string => `
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  const real = fs.${name};
  let calls = 0;
  fs.${name} = (...args) => {
    calls += args.some((arg) => String(arg).includes('.after-')) ? 1 : 0;
    ${act}
    return real(...args);
  };
  syncBuiltinESMExports();`;

test('whoever finds a dead owner leaves its lock to another one that is taking it over', async () => {
  const path = join(root, 'claimed');
  writeFileSync(path, JSON.stringify({ pid: 2 ** 22 - 1, startedAt: 'long ago' }));
  const claim = tryOwnerLock(`${path}.after-${2 ** 22 - 1}-longago`);
  if (claim.kind !== 'held') throw new Error('not held');
  const late = inProcess(`${beforeClaim('readFileSync', "if (calls === 3) { calls = 9; console.log('waits'); }")}
    console.log(tryOwnerLock(${JSON.stringify(path)}).kind);`);
  let said = '';
  late.stdout?.on('data', (data) => {
    said += data;
  });
  await until(() => said !== '');
  replaceFile(path, JSON.stringify(ownIdentity()));
  claim.lock.release();
  if (late.exitCode === null) await once(late, 'exit');
  expect(said).toBe('waits\ntaken\n');
});

test('a lock that another one has taken over since it was looked at is left alone', async () => {
  const path = join(root, 'overtaken');
  writeFileSync(path, JSON.stringify({ pid: 2 ** 22 - 1, startedAt: 'long ago' }));
  const faster = JSON.stringify(JSON.stringify(ownIdentity()));
  const late =
    inProcess(`${beforeClaim('linkSync', `if (calls === 1) { calls = 9; fs.writeFileSync(${JSON.stringify(path)}, ${faster}); }`)}
    console.log(tryOwnerLock(${JSON.stringify(path)}).kind);`);
  const [said] = await once(late.stdout ?? process, 'data');
  expect(String(said)).toBe('taken\n');
  expect(lockOwner(path)).toEqual(ownIdentity());
});

test('a zombie counts as dead', async () => {
  // The shell becomes a sleeper that never collects its child.
  const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 30'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const zombie = Number(String((await once(parent.stdout, 'data'))[0]).trim());
  await until(() => findProcess(zombie) === undefined);
  const isStillListed = process.platform !== 'linux' || existsSync(`/proc/${zombie}`);
  parent.kill('SIGKILL');
  expect(isStillListed).toBe(true);
});
