import { expect, test } from '@jest/globals';
import * as controls from '../../../workflows/epic/controls.js';
import { runChanged } from '../../../workflows/epic/runs.js';
import { taskChanged, taskEnded, withRows } from '../../../workflows/epic/tasks.js';
import { EpicSim } from '../../support/epic-sim.js';

const HOST = { hostQueue: 'h', treeId: 't' };
const news = (taskId: string) =>
  ({ taskId, attempt: 1, attempts: 1, state: 'PENDING', wantsSlot: true, hasBranch: false }) as const;

test('a task that says again that it waits for its slot is given it again', async () => {
  const sim = new EpicSim({ a: [] });
  await sim.drain();
  const child = sim.children.get('a');
  if (child) child.slots = 0;
  sim.change((epic) => taskChanged(epic, news('a'), 1));
  await sim.drain();
  expect(child?.slots).toBe(0);
  sim.change((epic) => taskChanged(epic, news('a'), 2));
  await sim.drain();
  expect(child?.slots).toBe(1);
});

test('a life that died begins again where the task’s own attempts had come to', async () => {
  const sim = new EpicSim({ a: [] });
  await sim.drain();
  sim.change((epic) => taskChanged(epic, { ...news('a'), state: 'IN_PROGRESS', attempts: 3 }, 1));
  sim.die('a');
  await sim.drain();
  expect(sim.children.get('a')?.attempt).toBe(3);
  expect(sim.epic.tasks[0]).toMatchObject({ state: 'IN_PROGRESS', deaths: 1, open: true, granted: false });
});

test('deaths in a row are waited out ever longer', async () => {
  const sim = new EpicSim({ a: [] });
  await sim.drain();
  const waits = [1, 2, 3].map(() => {
    sim.change((epic) => ({ ...epic, tasks: epic.tasks.map((task) => ({ ...task, open: true })) }));
    sim.change((epic) => taskEnded(epic, { taskId: 'a', attempt: 1, outcome: undefined }, sim.nowMs));
    return (sim.epic.tasks[0]?.startAfterMs ?? 0) - sim.nowMs;
  });
  expect(waits).toEqual([0, 1_000, 2_000]);
});

test('rows change what has not begun, and only the title of what has', async () => {
  const sim = new EpicSim({ a: [], b: ['a'] });
  await sim.drain();
  const row = (taskId: string, state: 'PENDING' | 'CANCELLED') => ({
    taskId,
    title: `new ${taskId}`,
    state,
    priority: 1,
    attempts: 1,
    hasBranch: false,
    predictedFiles: ['x'],
    dependsOn: [],
  });
  const { tasks } = withRows(sim.epic, [row('b', 'CANCELLED'), row('a', 'PENDING'), row('c', 'PENDING')], 0);
  expect(tasks.map(({ id, title, state, priority, open }) => ({ id, title, state, priority, open }))).toEqual([
    { id: 'b', title: 'new b', state: 'CANCELLED', priority: 1, open: false },
    { id: 'a', title: 'new a', state: 'PENDING', priority: 3, open: true },
    { id: 'c', title: 'new c', state: 'PENDING', priority: 1, open: false },
  ]);
});

test('mail that came too late for a run’s last turn waits for the next run', async () => {
  const sim = new EpicSim({ a: [] });
  await sim.drain();
  sim.change((epic) => controls.mailCame(epic, { mailId: 'm1' }));
  await sim.drain();
  const runId = sim.run?.runId ?? '';
  const outcome = { kind: 'completed', summary: 's', host: HOST, unread: ['m2'] } as const;
  sim.change((epic) => runChanged(epic, { runId, state: 'completed', outcome }, 0));
  await sim.drain();
  expect(sim.epic.run).toMatchObject({ kind: 'supervision', mailIds: ['m2'] });
});
