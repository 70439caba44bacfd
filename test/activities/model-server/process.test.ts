import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { compileFolders } from '../../support/compiled.js';
import { readRecord } from '../../support/model-server/record.js';

const SCENARIO = `
version: 1
rules:
  - name: hello
    when: { role: worker }
    incidents: [{ kind: overloaded, times: 1 }]
    reply: { text: Hello. }
`;

let compiled: ReturnType<typeof compileFolders>;
let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  compiled = compileFolders('model-server', ['test/support/model-server']);
  folder = await mkdtemp(join(tmpdir(), 'model-server-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(async () => {
  compiled.rm();
  await rm(folder, { recursive: true });
});

const start = async (...argv: readonly string[]): Promise<{ url: string; child: ChildProcess }> => {
  const main = join(compiled.directory, 'test/support/model-server/main.js');
  const child = spawn(process.execPath, [main, ...argv], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { url: (JSON.parse(line) as { url: string }).url, child };
};

const ask = (url: string): Promise<number> =>
  fetch(`${url}/v1/messages`, {
    method: 'POST',
    body: JSON.stringify({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'Role: worker\n\nGo.' }] }),
  }).then(({ status }) => status);

test('a killed server goes on where its record ends, a torn last line included', async () => {
  const scenario = join(folder, 'scenario.yml');
  const record = join(folder, 'record.jsonl');
  await writeFile(scenario, SCENARIO);
  const first = await start(scenario, '0', record);
  expect([await ask(first.url), await ask(first.url)]).toEqual([529, 200]);
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  await appendFile(record, '{"kind":"billed","at":"20');
  const second = await start(scenario, '0', record);
  expect(await ask(second.url)).toBe(200);
  expect(readRecord(record).map(({ kind }) => kind)).toEqual(['incident', 'billed', 'billed']);
});

test('it ends by itself when asked to', async () => {
  const scenario = join(folder, 'good.yml');
  await writeFile(scenario, SCENARIO);
  const { child } = await start(scenario);
  child.kill('SIGTERM');
  expect((await once(child, 'exit'))[0]).toBe(0);
});
