import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AskAdmission } from '../../../workflows/contract/factory.js';
import { checkProject, type ProjectPorts } from '../../../workflows/factory/check-project.js';
import { pause } from '../../../workflows/factory/controls.js';
import { asked, carry, type Factory, left, restore, tellings, told } from '../../../workflows/factory/factory.state.js';
import {
  nextProject,
  projectChanged,
  projectDone,
  projectFailed,
  projectStarted,
} from '../../../workflows/factory/projects.js';

const LIMITS = { maxEpics: 2, maxWorkers: 4 };
const fresh = (): Factory => restore({ tuning: 'normal', limits: LIMITS }, 0);
const ask = (workflowId: string, wants: number, over: Partial<AskAdmission> = {}): AskAdmission => ({
  workflowId,
  priority: 3,
  wants,
  ...over,
});

const share = (slots: number, nth: number, answer = false) => ({ slots, nth, answer });

test('a share is told once, and again only when it changes or the asker believes another', () => {
  const first = asked(fresh(), ask('epic/a', 3, { slots: 0 }));
  expect(tellings(first)).toEqual([{ workflowId: 'epic/a', share: share(3, 1) }]);
  const quiet = told(first, tellings(first));
  expect(tellings(quiet)).toEqual([]);
  expect(tellings(asked(quiet, ask('epic/a', 3, { slots: 3, heard: 1 })))).toEqual([]);
  expect(tellings(asked(quiet, ask('epic/a', 3, { slots: 0 })))).toEqual([
    { workflowId: 'epic/a', share: share(3, 1) },
  ]);
});

test('a lowered share is given on only when its holder has said what it still uses', () => {
  const full = asked(fresh(), ask('epic/a', 4, { slots: 0 }));
  const shared = asked(told(full, tellings(full)), ask('epic/b', 4, { slots: 0 }));
  expect(tellings(shared)).toEqual([{ workflowId: 'epic/a', share: share(2, 2, true) }]);
  const lowered = told(shared, tellings(shared));
  // Sent before the lower share was heard: it may still be using all four.
  expect(tellings(asked(lowered, ask('epic/a', 3, { slots: 3, heard: 1 })))).toEqual([]);
  expect(tellings(asked(lowered, ask('epic/a', 4, { slots: 2, inUse: 3, heard: 2 })))).toEqual([
    { workflowId: 'epic/b', share: share(1, 1) },
  ]);
  expect(tellings(asked(lowered, ask('epic/a', 4, { slots: 2, heard: 2 })))).toEqual([
    { workflowId: 'epic/b', share: share(2, 1) },
  ]);
});

test('a lone task keeps its slot until it wants none', () => {
  const lone = asked(fresh(), ask('task/t', 1));
  expect(lone.holders[0]?.slots).toBe(1);
  const crowded = ['a', 'b'].reduce((f, id) => asked(f, ask(`epic/${id}`, 9, { priority: 1 })), lone);
  expect(crowded.holders.find(({ workflowId }) => workflowId === 'task/t')?.slots).toBe(1);
  expect(asked(crowded, ask('task/t', 0)).holders[0]?.slots).toBe(0);
});

test('a queue hears of holds and of nothing else', () => {
  const held = pause(asked(fresh(), ask('merge-queue/p/main', 0)), { by: 'ada' });
  expect(tellings(held)).toEqual([{ workflowId: 'merge-queue/p/main', held: true }]);
});

test('an id that is none of ours is not admitted', () => {
  expect(asked(fresh(), ask('stranger', 3)).holders).toEqual([]);
});

test('whoever comes and goes, limits hold and everybody knows its share in the end', () => {
  const ids = ['epic/a', 'epic/b', 'epic/c', 'task/d', 'task/e', 'merge-queue/p/main'];
  const event = fc.record({ id: fc.constantFrom(...ids), wants: fc.nat(5), leaves: fc.boolean(), hears: fc.boolean() });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      const believes = new Map<string, number>();
      const hear = (factory: Factory): Factory => {
        const said = tellings(factory);
        for (const { workflowId, share: of } of said) if (of) believes.set(workflowId, of.slots);
        return told(factory, said);
      };
      let factory = fresh();
      for (const { id, wants, leaves, hears } of events) {
        const wish = id.startsWith('task/') ? Math.min(1, wants) : wants;
        factory = leaves
          ? left(factory, [id])
          : asked(factory, ask(id, wish, { slots: believes.get(id) ?? 0, inUse: 0 }));
        if (leaves) believes.delete(id);
        if (hears) factory = hear(factory);
        const total = factory.holders.reduce((sum, one) => sum + one.slots, 0);
        expect(total).toBeLessThanOrEqual(LIMITS.maxWorkers);
        const epics = factory.holders.filter((one) => one.workflowId.startsWith('epic/') && one.slots > 0);
        expect(epics.length).toBeLessThanOrEqual(LIMITS.maxEpics);
      }
      factory = hear(factory);
      for (const { workflowId, slots } of factory.holders)
        if (!workflowId.startsWith('merge-queue/')) expect(believes.get(workflowId) ?? 0).toBe(slots);
      expect(JSON.parse(JSON.stringify(carry(factory)))).toEqual(carry(factory));
    }),
  );
});

test('a project is worked on once at a time, and once more when it changed meanwhile', () => {
  const running = projectStarted(projectChanged(fresh(), 'p', 0), 'p');
  expect(nextProject(running, 0)).toBeUndefined();
  expect(nextProject(projectDone(projectChanged(running, 'p', 1), 'p'), 1)?.projectId).toBe('p');
  expect(projectDone(running, 'p').projects).toEqual([]);
  // A new history begins anew what was running.
  expect(nextProject(carry(running), 0)?.projectId).toBe('p');
});

test('a project whose machinery failed is tried again, ever later', () => {
  let factory = projectChanged(fresh(), 'p', 0);
  const waits = [1, 2, 3].map(() => {
    factory = projectFailed(projectStarted(factory, 'p'), 'p', 0, 100);
    return factory.projects[0]?.notBeforeMs;
  });
  expect(waits).toEqual([100, 200, 400]);
  expect(nextProject(projectChanged(factory, 'p', 5), 5)?.tries).toBe(0);
});

test('a diverged source is judged as the forge has it, and the row says both', async () => {
  const rows: unknown[] = [];
  const ports: ProjectPorts = {
    importSource: async () => ({
      kind: 'diverged',
      reason: 'run `git pull`',
      baseBranch: 'main',
      tip: 't1',
      moved: false,
    }),
    inspect: async () => ({ kind: 'ready' }),
    verify: async () => ({
      kind: 'red',
      cause: 'red',
      candidate: { parent: 't1', commit: 't1', tree: 't1' },
      checks: [{ name: 'unit', failedTests: [] }],
      evidence: [],
      machineMs: 1,
    }),
    watchForge: () => undefined,
    sayBaseMoved: async () => rows.push('moved'),
    save: async (row) => void rows.push(row),
  };
  expect(await checkProject(ports)).toBe('done');
  expect(rows).toEqual([
    {
      state: 'red',
      reason: 'required checks fail on t1: unit; run `git pull`',
      baseBranch: 'main',
      tipSha: 't1',
    },
  ]);
});

test('checks of a tip that do not end are asked for once more, and then that is the verdict', async () => {
  const rows: unknown[] = [];
  const asked: number[] = [];
  const ports: ProjectPorts = {
    importSource: async () => ({ kind: 'imported', baseBranch: 'main', tip: 't1', moved: false }),
    inspect: async () => ({ kind: 'ready' }),
    verify: async (_at, times) => {
      asked.push(times);
      return { kind: 'infra', isTimeout: true, error: 'ci: no result within 600 s', machineMs: 1 };
    },
    watchForge: () => undefined,
    sayBaseMoved: async () => rows.push('moved'),
    save: async (row) => void rows.push(row),
  };
  expect(await checkProject(ports)).toBe('done');
  expect(asked).toEqual([0, 1]);
  expect(rows).toEqual([
    { state: 'importing', reason: 'asked again: ci: no result within 600 s' },
    {
      state: 'red',
      reason: 'CHECK_TIMEOUT: required checks did not end on t1: ci: no result within 600 s',
      baseBranch: 'main',
      tipSha: 't1',
    },
  ]);
});
