import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { compileFolders } from '../../support/compiled.js';

interface Ready {
  readonly url: string;
  readonly apiUrl: string;
  readonly app: { readonly id: number; readonly privateKeyFile: string };
}

let compiled: ReturnType<typeof compileFolders>;
let directory: string;
let child: ChildProcess;
let ready: Ready;

beforeAll(async () => {
  compiled = compileFolders('github-server', ['test/support/github']);
  directory = mkdtempSync(join(tmpdir(), 'github-process-'));
  const main = join(compiled.directory, 'test/support/github/main.js');
  const started = spawn(process.execPath, [main, '0', directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  child = started;
  const [line] = (await once(createInterface({ input: started.stdout }), 'line')) as [string];
  ready = JSON.parse(line);
});

afterAll(() => {
  child.kill('SIGKILL');
  compiled.rm();
  rmSync(directory, { recursive: true, force: true });
});

const control = async (call: string, ...args: readonly unknown[]) => {
  const response = await fetch(`${ready.url}/_control`, { method: 'POST', body: JSON.stringify({ call, with: args }) });
  return (await response.json()) as { readonly result?: unknown; readonly error?: string };
};

test('a process of its own does what another one asks for, and ends when it is told to', async () => {
  expect(readFileSync(ready.app.privateKeyFile, 'utf8')).toContain('PRIVATE KEY');
  expect(statSync(ready.app.privateKeyFile).mode & 0o777).toBe(0o600);
  await control('admin.createRepository', { owner: 'acme', name: 'shop' });
  const { result } = await control('admin.user', 'rita', { 'acme/shop': 'write' });
  const { token } = result as { readonly token: string };
  await control('people.openIssue', { repository: 'acme/shop', title: 'Do it', by: 'rita' });
  const issues = await fetch(`${ready.apiUrl}/repos/acme/shop/issues`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(await issues.json()).toMatchObject([{ title: 'Do it', user: { login: 'rita' } }]);
  await control('faults.add', { path: '/user$', act: { kind: 'answer', status: 503, body: {} } });
  expect((await fetch(`${ready.apiUrl}/user`)).status).toBe(503);
  expect((await control('people.explode')).error).toContain('There is no people.explode');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});
