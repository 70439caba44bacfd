import { chmod, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type CommandAgent, type ProgramEnd, runCommandAgent } from '../../../activities/agents/command/run-program.js';
import { processesWith } from '../../support/processes.js';
import { SandboxHome, serviceUser } from '../../support/sandbox/home.js';
import { until } from '../../support/until.js';

let home: SandboxHome;
let exchange: string;
beforeAll(async () => {
  home = await SandboxHome.open();
  exchange = join(home.directory, 'exchange');
});
afterAll(() => home.remove());

const never = new AbortController().signal;

interface Options extends Partial<CommandAgent> {
  readonly timeoutMs?: number;
  readonly isolation?: 'bubblewrap' | 'none';
  readonly files?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const run = async (script: string, options: Options = {}): Promise<ProgramEnd & { readonly tree: string }> => {
  const { timeoutMs = 120_000, isolation = 'bubblewrap', files = {}, signal = never, ...agent } = options;
  const path = await home.tree(files);
  const end = await runCommandAgent(
    { sandbox: home.sandbox, directory: exchange, user: serviceUser, graceMs: 300 },
    {
      agent: { argv: ['/bin/sh', '-c', script], readOnly: [], network: 'none', model: null, ...agent },
      tree: { path, isReadOnly: false, isolation, ignoredPaths: [] },
      prompt: 'Do the task.',
      context: { task: { title: 'The title' } },
      timeoutMs,
    },
    signal,
  );
  return { ...end, tree: path };
};

test('the prompt is on stdin, which ends, and the context is a file', async () => {
  const end = await run('cat; echo; grep -o "The title" "$MILLWRIGHT_CONTEXT"; echo done > work.txt; ls');
  expect(end).toMatchObject({ kind: 'ended', log: 'Do the task.\nThe title\nwork.txt\n' });
  expect(end).not.toHaveProperty('result');
  expect(await readdir(exchange)).toEqual([]);
});

test.each([
  [{ status: 'complete', summary: 'Done.' }],
  [{ status: 'blocked', summary: 'No access.' }],
  [{ status: 'question', summary: '', mail: { subject: 'Tabs?', body: 'Tabs or spaces?', to: 'human' } }],
  [{ status: 'complete', summary: 'x', usage: { inputTokens: 1, cachedTokens: 0, outputTokens: 2, costMicroUsd: 3 } }],
])('a result is read: %j', async (result) => {
  expect(await run(`echo '${JSON.stringify(result)}' > "$MILLWRIGHT_RESULT"`)).toMatchObject({ kind: 'ended', result });
});

test.each([
  ['{"status":', 'it is not JSON'],
  ['[]', 'it is not an object'],
  ['{"status":"done"}', 'status must be complete, blocked, question'],
  ['{"status":"complete","summary":1}', 'summary must be a text'],
  ['{"status":"question"}', 'a question needs mail or summary'],
  ['{"status":"question","mail":{"subject":"x"}}', 'mail.body must be a text'],
  ['{"status":"complete","usage":{"inputTokens":-1}}', 'usage must hold whole numbers'],
])('a result that is of no use is a failed attempt: %s', async (text, why) => {
  const end = await run(`echo '${text}' > "$MILLWRIGHT_RESULT"`);
  expect(end).toMatchObject({ kind: 'failed', reason: expect.stringContaining(why) });
});

test.each([
  ['a link to a secret', 'ln -s /etc/shadow "$MILLWRIGHT_RESULT"'],
  ['a FIFO', 'mkfifo "$MILLWRIGHT_RESULT"'],
  ['a directory', 'mkdir "$MILLWRIGHT_RESULT"'],
  ['a huge file', 'truncate -s 1G "$MILLWRIGHT_RESULT"'],
])('%s as result is a failed attempt', async (_, script) => {
  expect(await run(script)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('MILLWRIGHT_RESULT') });
});

test('an exit other than 0 fails with its code and last words, whatever the result says', async () => {
  const end = await run(`echo '{"status":"complete"}' > "$MILLWRIGHT_RESULT"; echo broken >&2; exit 3`);
  expect(end).toMatchObject({ kind: 'failed', exitCode: 3, reason: 'The program ended with exit code 3. broken' });
});

test("time over is a timeout: the run's, or the agent's own where it is shorter", async () => {
  expect((await run('sleep 60', { timeoutMs: 500 })).kind).toBe('timeout');
  expect((await run('sleep 60', { timeoutSeconds: 1 })).kind).toBe('timeout');
});

test('a program that hangs after its result is ended, and its result counts', async () => {
  const marker = `hangs-${process.pid}`;
  const end = await run(
    `echo '{"status":"complete","summary":"ok"}' > "$MILLWRIGHT_RESULT"; trap "" TERM; : ${marker}; sleep 300`,
  );
  expect(end).toMatchObject({ kind: 'ended', result: { status: 'complete', summary: 'ok' } });
  expect(await processesWith(marker)).toEqual([]);
});

test('what a program leaves behind dies with it', async () => {
  const marker = `stays-${process.pid}`;
  await run(`(setsid sh -c ': ${marker}; sleep 300' > /dev/null 2>&1 &); exit 0`);
  await until(async () => (await processesWith(marker)).length === 0);
});

test('a stop kills the program and is rethrown', async () => {
  const marker = `stopped-${process.pid}`;
  const stop = new AbortController();
  const running = expect(run(`: ${marker}; sleep 300`, { signal: stop.signal })).rejects.toThrow('stopped by a person');
  await until(async () => (await processesWith(marker)).length > 0);
  stop.abort(new Error('stopped by a person'));
  await running;
  expect([await processesWith(marker), await readdir(exchange)]).toEqual([[], []]);
});

test('a program of the host and what it may read are visible, and nothing beside them', async () => {
  const agents = await home.tree({
    'agent.sh': '#!/bin/sh\ncd "$(dirname "$0")"; cat words.txt; ls',
    'words.txt': 'hello\n',
    'other/x': '',
  });
  const program = join(agents, 'agent.sh');
  await chmod(program, 0o755);
  await writeFile(join(home.directory, 'secret'), 'canary');
  expect((await run('', { argv: [program], readOnly: [join(agents, 'words.txt')] })).log).toBe(
    'hello\nagent.sh\nwords.txt\n',
  );
  expect((await run(`cat ${home.directory}/secret ${agents}/words.txt; true`)).log).not.toMatch(/canary|hello/);
});

test.each(['bubblewrap', 'none'] as const)(
  'a gigabyte of output ends a program with a word (%s)',
  async (isolation) => {
    const before = process.resourceUsage().maxRSS;
    const end = await run('head -c 1G /dev/zero | tee /dev/stderr; echo unreached', { isolation });
    expect(end).toMatchObject({ kind: 'failed', reason: 'The command printed more than 64 MB and was ended.' });
    expect(end.log).not.toContain('unreached');
    // A mebibyte of each stream is kept, and what is on the way is at no moment gathered up.
    expect(end.log.length).toBeLessThan(3 * 1024 ** 2);
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(512 * 1024);
  },
);

test('a program that is not there says so', async () => {
  const end = await run('', { argv: [join(home.directory, 'missing.sh')] });
  expect(end).toMatchObject({ kind: 'failed', reason: expect.stringContaining('missing.sh does not exist') });
});

test('without a sandbox, by an admin, the contract is the same and the log says it aloud', async () => {
  const end = await run(
    `cat "$MILLWRIGHT_CONTEXT" > /dev/null && echo '{"status":"complete","summary":"ok"}' > "$MILLWRIGHT_RESULT"`,
    { isolation: 'none' },
  );
  expect(end).toMatchObject({
    kind: 'ended',
    result: { summary: 'ok' },
    log: expect.stringMatching(/^WARNING: run without a sandbox/),
  });
});
