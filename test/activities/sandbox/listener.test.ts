import { readdir, readFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect, type Server as NetServer } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { RunListener } from '../../../activities/sandbox/listener/stage.js';
import { capturedText } from '../../../activities/sandbox/output.js';
import { limits, runOutOfTime, SandboxHome, shell } from '../../support/sandbox/home.js';
import { until } from '../../support/until.js';

let home: SandboxHome;
const open: Server[] = [];
beforeAll(async () => {
  home = await SandboxHome.open();
});
afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});
afterAll(() => home.remove());

/** Answers whatever comes to the listener of one command. */
const answering = (answer: RequestListener, port = 7461): RunListener => ({
  port,
  accept: (listening: NetServer) => {
    const server = createServer(answer);
    open.push(server);
    server.listen(listening);
  },
});

const GET = (port: number): string =>
  `node -e 'fetch("http://127.0.0.1:${port}/").then((r) => r.text()).then(console.log, (e) => console.log("no", e.cause?.code))'`;

const runIn = async (script: string, listener: RunListener) => {
  const result = await home.sandbox.run(shell(await home.tree(), script, { listener }));
  return { ...result, said: capturedText(result.stdout).trim().split('\n'), err: capturedText(result.stderr) };
};

test('what stands behind the listener of a run is all of the network that its command has', async () => {
  const outside = createServer((_, response) => response.end('the host'));
  open.push(outside);
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
  const { port } = outside.address() as { port: number };
  const { said, err } = await runIn(
    `${GET(7461)}; ${GET(port)}; tail -n +3 /proc/net/dev | cut -d: -f1`,
    answering((_, response) => response.end('the broker')),
  );
  expect([said.map((line) => line.trim()), err]).toEqual([['the broker', 'no ECONNREFUSED', 'lo'], '']);
});

test('two sandboxes with the same port reach their own listener, and the host reaches neither', async () => {
  const ofHost = (): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(7461, '127.0.0.1');
      socket.once('connect', () => resolve('connected'));
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
    });
  let seen: string | undefined;
  const both = await Promise.all(
    ['first', 'second'].map((name) =>
      runIn(
        GET(7461),
        answering(async (_, response) => {
          seen = await ofHost();
          response.end(name);
        }),
      ),
    ),
  );
  expect([both.map(({ said }) => said), seen]).toEqual([[['first'], ['second']], 'ECONNREFUSED']);
});

test('the command has neither the descriptors nor the environment of what opened the listener', async () => {
  const { said, err } = await runIn(
    'ls /proc/self/fd | tr "\\n" " "; echo; cat /proc/*/environ | tr "\\0" "\\n" | grep -c NODE_CHANNEL; ps -A 2>/dev/null | grep -c open-listener; grep -E "^(CapEff|Seccomp):" /proc/self/status | tr -d "\\t"; unshare -n true || echo refused',
    answering((_, response) => response.end()),
  );
  // 3 is ls's own.
  expect(said).toEqual(['0 1 2 3 ', '0', '0', 'CapEff:0000000000000000', 'Seccomp:2', 'refused']);
  expect(err).not.toContain('node');
});

test('a command that does not end is killed with both stages', async () => {
  const tree = await home.tree();
  const ended = await runOutOfTime(
    (wallMs) =>
      home.sandbox.run(
        shell(tree, 'echo begun; setsid sleep 1234567 & exec sleep 1234567', {
          listener: answering((_, response) => response.end()),
          limits: limits({ wallMs }),
        }),
      ),
    ({ stdout }) => capturedText(stdout) !== '',
  );
  expect(ended.end).toMatchObject({ kind: 'limit', limit: 'time' });
  await until(async () => !(await commandLines()).some((line) => line.includes('1234567')));
});

test('the exit code and both streams are the command’s', async () => {
  const { end, said, err } = await runIn(
    'echo out; echo err >&2; exit 7',
    answering((_, response) => response.end()),
  );
  expect([end, said, err]).toEqual([{ kind: 'exited', code: 7 }, ['out'], 'err\n']);
});

const commandLines = async (): Promise<readonly string[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
};
