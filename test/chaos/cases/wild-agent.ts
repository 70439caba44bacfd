import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processesWith } from '../../support/processes.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { ChaosWorld } from '../world.js';

/** An argument of `sleep` by which what the program left behind is known again. */
const MARK = '98765';

/**
 * Seven tasks, seven bad habits; the work itself is done in the end. `wild-1` leaves processes that hold its output,
 * `wild-2` hangs after its result and ignores SIGTERM, `wild-3` prints a flood, ends in half a line and dies at its first
 * start, `wild-4` does nothing at its first start and says that all is well, `wild-5` makes processes without end at its
 * first start, `wild-6` waits for the end of its input and leaves a port and a file outside of its tree, `wild-7` says
 * nothing at its first start until its time is over.
 */
const PROGRAM = `import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
const { run, task } = JSON.parse(readFileSync(process.env.MILLWRIGHT_CONTEXT, 'utf8'));
const isFirst = run.attempt === 1;
const work = () => writeFileSync(task.title + '.txt', task.title + '\\n');
const tell = () => writeFileSync(process.env.MILLWRIGHT_RESULT, JSON.stringify({ status: 'complete', summary: task.title }));
if (task.title === 'wild-1') {
  for (let child = 0; child < 5; child++) spawn('sh', ['-c', 'sleep ${MARK} & sleep ${MARK}'], { detached: true, stdio: 'inherit' }).unref();
  work();
  process.exit(0);
}
if (task.title === 'wild-2') {
  process.on('SIGTERM', () => {});
  work();
  tell();
  setInterval(() => {}, 1000);
}
if (task.title === 'wild-3') {
  for (let line = 0; line < 2000; line++) process.stdout.write('x'.repeat(1000) + '\\n');
  process.stdout.write('{"status": "comp');
  if (isFirst) process.kill(process.pid, 'SIGKILL');
  work();
}
if (task.title === 'wild-4' && !isFirst) work();
if (task.title === 'wild-5') {
  for (let child = 0; isFirst && child < 3000; child++) spawn('sleep', ['${MARK}'], { detached: true, stdio: 'ignore' }).on('error', () => {});
  work();
}
if (task.title === 'wild-6') {
  process.stdin.resume().on('end', () => {
    writeFileSync('/tmp/${MARK}', 'left behind');
    createServer().listen(0, '127.0.0.1');
    work();
    tell();
  });
}
if (task.title === 'wild-7') {
  if (isFirst) setInterval(() => {}, 1000);
  else work();
}
`;

async function wildAgent(run: CaseRun): Promise<void> {
  const world = await ChaosWorld.open(run, {
    hostYml: (directory) => {
      const program = join(directory, 'wild-agent.mjs');
      writeFileSync(program, PROGRAM, { mode: 0o644 });
      return `agents:
  - { name: wild, role: worker, backend: command, argv: [${process.execPath}, ${program}], readOnly: [${program}], network: none, timeout: 60 }
`;
    },
  });
  await world.addProject({ overrides: { agents: { worker: { use: 'wild' } } } });
  run.note('seven tasks of a program with bad habits');
  await world.fileEpic('wild', 7);
  await world.verdict();
  const left = await processesWith(`sleep\0${MARK}`);
  if (left.length > 0) throw new Error(`${left.length} processes outlived their program.`);
  if (existsSync(`/tmp/${MARK}`)) throw new Error('A file of a program is outside of its sandbox.');
}

export const wildAgentCases: readonly ChaosCase[] = [
  {
    name: '34-wild-program',
    does: 'a program as an agent that leaves processes, hangs after its result, floods its output, dies, does nothing, forks without end, reads its input, leaves a port, or says nothing',
    catches: 'a process that outlives its run, a run that waits for ever, or an empty success that counts as work',
    run: wildAgent,
  },
];
