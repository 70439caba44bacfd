import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CommandEnd } from '../../../activities/sandbox/command.js';
import { capturedText } from '../../../activities/sandbox/output.js';
import { processesWith } from '../../support/processes.js';
import { limits, runOutOfTime, SandboxHome, shell } from '../../support/sandbox/home.js';
import { until } from '../../support/until.js';

const limitOf = (end: CommandEnd): string => (end.kind === 'limit' ? end.limit : `exited ${end.code}`);

describe.each(['cgroup', 'watcher'] as const)('with caps kept by %s', (caps) => {
  let home: SandboxHome;
  beforeAll(async () => {
    home = await SandboxHome.open({ caps });
  });
  afterAll(() => home.remove());

  // The bombs grow slowly enough for a watcher that seldom gets its turn: a brake at twice the limit ends them untyped.
  test('a memory bomb ends typed', async () => {
    const bomb = 'node -e "const a=[];setInterval(()=>a.push(Buffer.alloc(4<<20,1)),20)"; echo survived';
    const { end } = await home.sandbox.run(
      shell(await home.tree(), bomb, { limits: limits({ memoryBytes: 256 << 20 }) }),
    );
    expect(limitOf(end)).toBe('memory');
  });

  test('memory of many processes counts together', async () => {
    const hog = 'node -e "globalThis.a=Buffer.alloc(150<<20,1);setTimeout(()=>{},100000)"';
    const script = `${hog} & ${hog} & ${hog} & wait`;
    const { end } = await home.sandbox.run(
      shell(await home.tree(), script, { limits: limits({ memoryBytes: 400 << 20 }) }),
    );
    expect(limitOf(end)).toBe('memory');
  });

  test('a fork bomb ends typed', async () => {
    const bomb = 'while :; do sleep 100 & sleep 0.02; done';
    const { end } = await home.sandbox.run(shell(await home.tree(), bomb, { limits: limits({ processes: 60 }) }));
    expect(limitOf(end)).toBe('processes');
  });
});

describe('a command', () => {
  let home: SandboxHome;
  beforeAll(async () => {
    home = await SandboxHome.open();
  });
  afterAll(() => home.remove());

  test('an output bomb ends typed, and its head and tail are kept', async () => {
    const { end, stdout } = await home.sandbox.run(
      shell(await home.tree(), 'echo first; yes', { limits: limits({ outputBytes: 4 << 20 }), keepBytes: 1000 }),
    );
    expect(limitOf(end)).toBe('output');
    expect(capturedText(stdout)).toMatch(/^first\ny\n.*bytes left out.*y\n/s);
    expect(stdout.head.length + stdout.tail.length).toBeLessThanOrEqual(1000);
  });

  test('a file above the size limit ends typed', async () => {
    const { end } = await home.sandbox.run(
      shell(await home.tree(), 'exec head -c 2M /dev/zero > big', { limits: limits({ fileBytes: 1 << 20 }) }),
    );
    expect(limitOf(end)).toBe('disk');
  });

  test('a tree that grows above its limit ends typed', async () => {
    const fill = 'i=0; while :; do i=$((i+1)); head -c 4M /dev/zero > f$i; sleep 0.05; done';
    const { end } = await home.sandbox.run(shell(await home.tree(), fill, { limits: limits({ treeBytes: 40 << 20 }) }));
    expect(limitOf(end)).toBe('disk');
  });

  test('time over ends it and everything it started, however it hides', async () => {
    const marker = `hidden-${process.pid}`;
    const hide = `trap "" TERM; (setsid sh -c "trap '' TERM; exec sleep 300.${process.pid}" &) ; sh -c ': ${marker}; sleep 300' & echo on; while :; do sleep 1; done`;
    const { end, stdout } = await runOutOfTime(
      async (wallMs) => home.sandbox.run(shell(await home.tree(), hide, { limits: limits({ wallMs }) })),
      (ended) => capturedText(ended.stdout) !== '',
    );
    expect([limitOf(end), capturedText(stdout)]).toEqual(['time', 'on\n']);
    await until(async () => (await processesWith(marker)).length === 0);
    await until(async () => (await processesWith(`300.${process.pid}`)).length === 0);
  });

  test('a command that heeds TERM may say goodbye', async () => {
    const patient = await SandboxHome.open({ graceMs: 60_000 });
    const script = 'trap "echo bye; exit 3" TERM; echo hello; while :; do sleep 0.05; done';
    const { end, stdout } = await runOutOfTime(
      async (wallMs) => patient.sandbox.run(shell(await patient.tree(), script, { limits: limits({ wallMs }) })),
      (ended) => capturedText(ended.stdout) !== '',
    );
    await patient.remove();
    expect([limitOf(end), capturedText(stdout)]).toEqual(['time', 'hello\nbye\n']);
  });

  test('processes left in the background die with their command', async () => {
    const marker = `left-${process.pid}`;
    const { end } = await home.sandbox.run(
      shell(await home.tree(), `setsid sh -c ': ${marker}; sleep 300' > /dev/null 2>&1 & exit 0`),
    );
    expect(limitOf(end)).toBe('exited 0');
    await until(async () => (await processesWith(marker)).length === 0);
  });

  test('an abort kills the tree and is rethrown', async () => {
    const marker = `aborted-${process.pid}`;
    const stop = new AbortController();
    const running = home.sandbox.run(shell(await home.tree(), `: ${marker}; trap "" TERM; sleep 300`), stop.signal);
    await until(async () => (await processesWith(marker)).length > 0);
    stop.abort(new Error('cancelled by the test'));
    await expect(running).rejects.toThrow('cancelled by the test');
    expect(await processesWith(marker)).toEqual([]);
  });

  test('exit codes pass through', async () => {
    const codes = await Promise.all(
      ['exit 0', 'exit 7', 'kill -9 $$', 'nonexistent-command'].map(async (script) =>
        limitOf((await home.sandbox.run(shell(await home.tree(), script))).end),
      ),
    );
    expect(codes).toEqual(['exited 0', 'exited 7', 'exited 137', 'exited 127']);
  });
});
