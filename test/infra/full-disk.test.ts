// Files of ours on a disk that takes no more, or fails: a tmpfs of 64 KiB, and what the kernel itself answers with EIO.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { homeLayout } from '../../infra/config/layout.js';
import { diskFailure } from '../../infra/disk-failures.js';
import { builtProgram } from '../support/built.js';

const DISK = '/mnt';

/** Answers what the script prints. Below each of the directories there is a disk of its own. */
const withSmallDisks = async (directories: readonly string[], script: string): Promise<unknown> => {
  const disks = directories.flatMap((directory) => ['--size', '65536', '--tmpfs', directory]);
  const node = [process.execPath, '--input-type=module', '-e', script];
  const { stdout } = await promisify(execFile)('bwrap', ['--dev-bind', '/', '/', ...disks, ...node]);
  return JSON.parse(stdout);
};

/** Runs the script where the disk is small. `have` is what `write` is to leave untouched. */
const onSmallDisk = async (module: string, write: string): Promise<unknown> => {
  const script = `
    import fs from 'node:fs';
    import * as ours from '${pathToFileURL(builtProgram(module))}';
    import { diskFailure } from '${pathToFileURL(builtProgram('infra/disk-failures.js'))}';
    fs.writeFileSync('${DISK}/kept', 'as it was');
    const big = 'x'.repeat(100_000);
    const tries = [];
    for (let times = 0; times < 2; times++)
      try { ${write}; tries.push('written'); } catch (error) { tries.push(diskFailure(error)?.details.reason ?? String(error)); }
    const files = fs.readdirSync('${DISK}', { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    console.log(JSON.stringify({ tries, files: files.map(({ name }) => name), kept: fs.readFileSync('${DISK}/kept', 'utf8') }));`;
  return withSmallDisks([DISK], script);
};

test.each([
  ['a file that is replaced', 'infra/atomic-file.js', `ours.replaceFile('${DISK}/kept', big)`],
  ['a file that is created', 'infra/atomic-file.js', `ours.createFile('${DISK}/new', big)`],
  ['a file beside a tree', 'infra/atomic-file.js', `await ours.writeAtomically('${DISK}/kept', big)`],
  ['a stored text', 'infra/artifacts.js', `await ours.createBlobStore(undefined, '${DISK}').put(big)`],
])('of %s nothing is left when the disk is full, what was there stays, and the reason is told', async (...given) => {
  const [, module, write] = given;
  expect(await onSmallDisk(module, write)).toEqual({
    tries: ['DISK_FULL', 'DISK_FULL'],
    files: ['kept'],
    kept: 'as it was',
  });
});

test('what a disk does not give back is told as its failure', async () => {
  // The kernel answers a read of unmapped memory as a disk does of a bad block.
  const error = await readFile('/proc/self/mem').catch((thrown: unknown) => thrown);
  expect(diskFailure(error)).toMatchObject({ type: 'Unavailable', details: { reason: 'DISK_FAILS' } });
});

test('the least room on any of the disks that work writes to counts, and its place is named', async () => {
  const home = await mkdtemp(join(tmpdir(), 'disks-'));
  try {
    const { trees, layers } = homeLayout(home);
    const script = `
      import { leastSpace } from '${pathToFileURL(builtProgram('infra/free-space.js'))}';
      import { homeLayout, placesOfWork } from '${pathToFileURL(builtProgram('infra/config/layout.js'))}';
      console.log(JSON.stringify(await leastSpace(placesOfWork(homeLayout('${home}')))));`;
    const least = (directory: string) => ({ directory, freeBytes: expect.any(Number) });
    // Whatever is not there yet, or on the same disk, is the home's.
    expect(await withSmallDisks([], script)).toEqual(least(home));
    await mkdir(trees);
    expect(await withSmallDisks([trees], script)).toEqual({ directory: trees, freeBytes: 65536 });
    await symlink(DISK, layers);
    expect(await withSmallDisks([DISK], script)).toEqual({ directory: layers, freeBytes: 65536 });
  } finally {
    await rm(home, { recursive: true });
  }
});
