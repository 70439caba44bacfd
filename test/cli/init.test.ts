import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { configText } from '../../cli/init/config-text.js';
import { readConfigFile } from '../../infra/project-config/read.js';
import { commandLine } from '../support/cli/command-line.js';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'millwright-init-')));
  execFileSync('git', ['init', '--quiet', root]);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Nothing listens there. */
const millwright = commandLine('http://127.0.0.1:1', 'key');
const written = (): string => readFileSync(join(root, 'millwright.yml'), 'utf8');

test('the file proposes what the repository has, says why, and is valid', async () => {
  writeFileSync(
    join(root, 'package.json'),
    '{"scripts":{"test":"jest","lint":"biome ci"},"devDependencies":{"jest":"1"}}',
  );
  writeFileSync(join(root, 'package-lock.json'), '{}');
  const { exit, stdout } = await millwright('init', root);
  expect([exit, stdout]).toEqual([0, expect.stringContaining(`Wrote ${join(root, 'millwright.yml')}`)]);
  expect(stdout).toContain(`git add millwright.yml && git commit`);
  expect(stdout).toContain(`millwright project add ${root} --allow-setup-network`);
  expect(readConfigFile(written())).toMatchObject({
    kind: 'valid',
    value: {
      setup: { run: 'npm ci' },
      checks: [
        { name: 'lint', run: 'npm run lint' },
        { name: 'test', run: 'npm run test' },
      ],
    },
  });
  expect(written()).toContain('# Found in package.json.');
});

test('where no check is found the file says that one is needed, and what is commented out is valid too', async () => {
  expect((await millwright('init', root)).exit).toBe(0);
  expect(readConfigFile(written()).kind).toBe('valid');
  const uncommented = written()
    .split('\n')
    .filter((line) => /^# {1,7}[\w-]+:|^# +- /.test(line) || /^version/.test(line))
    .map((line) => line.replace(/^# /, ''))
    .filter((line) => !/^Every key/.test(line));
  expect(readConfigFile(uncommented.join('\n'))).toMatchObject({
    kind: 'valid',
    value: { checks: [{ name: 'test' }], limits: { run: { turns: 100 } }, epics: { land: 'person' } },
  });
  expect(configText([])).toContain('Millwright takes no work without one');
});

test('a file that is there stays as it is, a link that leads nowhere included', async () => {
  writeFileSync(join(root, 'millwright.yml'), 'mine');
  const { exit, stdout } = await millwright('init', root);
  expect([exit, stdout, written()]).toEqual([0, expect.stringContaining('stays as it is'), 'mine']);
  rmSync(join(root, 'millwright.yml'));
  symlinkSync(join(root, 'elsewhere'), join(root, 'millwright.yml'));
  expect((await millwright('init', root)).exit).toBe(0);
  expect(lstatSync(join(root, 'elsewhere'), { throwIfNoEntry: false })).toBeUndefined();
});

test('a directory that is no repository gets no file', async () => {
  const plain = join(root, 'plain');
  mkdirSync(plain);
  const { exit, stderr } = await millwright('init', plain);
  expect([exit, stderr]).toEqual([1, expect.stringContaining('is not the root of a git repository')]);
  expect(lstatSync(join(plain, 'millwright.yml'), { throwIfNoEntry: false })).toBeUndefined();
});
