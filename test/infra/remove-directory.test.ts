import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { removeDirectory } from '../../infra/remove-directory.js';
import { temporaryHome } from '../support/git/repositories.js';

let home: { readonly path: string; remove(): void };
let target: string;
beforeEach(() => {
  home = temporaryHome();
  target = join(home.path, 'target');
  mkdirSync(target);
});
afterEach(() => home.remove());

const fill = (script: string): void => {
  const done = spawnSync('sh', ['-ec', script], { cwd: target, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(done.stderr);
};

test('paths longer than the kernel takes, closed directories and names that are no UTF-8 go', async () => {
  fill(`mkdir "$(printf '\\377')" closed; touch closed/x; chmod 000 closed
    n=$(printf '%0200d' 0); i=0; while [ $i -lt 45 ]; do mkdir $n; cd -P $n; touch x; i=$((i+1)); done; mkdir shut; touch shut/x; chmod 000 shut`);
  await removeDirectory(target);
  expect(readdirSync(home.path)).toEqual([]);
});

test('what a link names stays', async () => {
  const kept = join(home.path, 'kept');
  mkdirSync(kept);
  writeFileSync(join(kept, 'a'), '');
  symlinkSync(kept, join(target, 'link'));
  fill(`n=$(printf '%0200d' 0); i=0; while [ $i -lt 30 ]; do mkdir $n; cd -P $n; ln -s ${kept} link; i=$((i+1)); done`);
  await removeDirectory(target);
  expect([existsSync(target), readdirSync(kept)]).toEqual([false, ['a']]);
});

test('a missing directory is gone already', async () => {
  await removeDirectory(join(home.path, 'nowhere'));
});
