import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { WorkFound } from '../../../activities/agents/tools/complete-work.js';
import { FileTools } from '../../../activities/agents/tools/file-tools.js';
import { createHostToolActivities } from '../../../activities/agents/tools/host-tools.activities.js';
import type { Sandbox } from '../../../activities/sandbox/command.js';
import { openClaim } from '../../../activities/store/claim.repository.js';
import { Failure } from '../../../domain/failures.js';
import { type Tree, type TreeRecord, treeAt } from '../../../infra/git/tree-record.js';
import type { ToolCallInput, ToolOutcome } from '../../../workflows/contract/activities/agents.js';
import { makeFence } from '../../../workflows/contract/fence.js';
import { AgentRig, type RunHandle } from '../../support/agents/rig.js';
import type { ScriptedCall } from '../../support/model-server/scenario.js';
import { giveAway, SandboxHome } from '../../support/sandbox/home.js';

let rig: AgentRig;
let home: SandboxHome;
let files: FileTools;
beforeAll(async () => {
  [rig, home] = await Promise.all([AgentRig.create(), SandboxHome.open()]);
  files = await FileTools.open(home.sandbox, join(home.directory, 'tools'));
});
afterAll(async () => {
  await rig.close();
  await home.remove();
});

/** A run with one turn of these calls and a tree of its own. */
class World {
  private seq = 0;
  record: TreeRecord | undefined;
  sandbox: Sandbox = home.sandbox;
  note: string | undefined;
  found: WorkFound = { kind: 'changed', ignored: [] };

  private constructor(
    readonly run: RunHandle,
    readonly tree: Tree,
    readonly callIds: readonly string[],
  ) {}

  static async of(calls: readonly ScriptedCall[], kind: 'execution' | 'supervision' = 'execution'): Promise<World> {
    const run = await rig.newRun({ kind });
    const step = await run.callModel(await rig.script([{ name: 'r', reply: { calls } }]), 0);
    const tree = treeAt(home.directory, `tree-of-${run.runId}`);
    await mkdir(tree.source, { recursive: true });
    await giveAway(tree.source);
    const world = new World(run, tree, step.kind === 'calls' ? step.calls.map(({ callId }) => callId) : []);
    world.own({});
    return world;
  }

  own(changes: Partial<TreeRecord>): void {
    this.record = {
      projectId: rig.projectId,
      ownerId: this.run.taskId ?? this.run.runId,
      mode: 'write',
      ready: true,
      excluded: [],
      process: { pid: 1, startedAt: '0' },
      ...changes,
    } as TreeRecord; // the process that made it plays no part here
  }

  input(index: number): ToolCallInput {
    this.seq += 1;
    return {
      runId: this.run.runId,
      turn: 0,
      callId: this.callIds[index] ?? '',
      treeId: this.tree.treeId,
      fence: makeFence(1000, this.seq),
    };
  }

  call(index: number, input = this.input(index), whyNoSandbox?: string): Promise<ToolOutcome> {
    const { runHostTool } = createHostToolActivities({
      pools: rig.pools,
      blobs: rig.blobs,
      sandbox: this.sandbox,
      files,
      trees: { open: async () => this.opened() },
      lookAtWork: async () => this.found,
      refreshSetup: async () => this.note,
      ...(whyNoSandbox === undefined ? {} : { whyNoSandbox }),
    });
    return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(runHostTool, input);
  }

  async result(index: number): Promise<string> {
    const [row] = await rig.sql<{ result_ref: string }>(
      'SELECT result_ref FROM claim WHERE run_id = $1 AND call_id = $2',
      this.run.runId,
      this.callIds[index],
    );
    return row?.result_ref ? rig.blobs.get(row.result_ref) : '';
  }

  private opened(): { tree: Tree; record: TreeRecord } {
    if (!this.record) throw new Failure('WorktreeLost', 'the working tree is gone');
    return { tree: this.tree, record: this.record };
  }
}

const write = { tool: 'write_file', input: { path: 'a.txt', content: 'hello\n' } };
const read = { tool: 'read_file', input: { path: 'a.txt' } };
const count = { tool: 'run_command', input: { command: 'echo x >> count; wc -l < count' } };

test('tools work in the tree of their run, one after another', async () => {
  const world = await World.of([
    write,
    { tool: 'edit_file', input: { path: 'a.txt', old_text: 'hello', new_text: 'bye' } },
    read,
    { tool: 'run_command', input: { command: 'cat a.txt' } },
    { tool: 'list_files', input: {} },
    { tool: 'search', input: { pattern: 'by' } },
  ]);
  const outcomes: boolean[] = [];
  for (const index of world.callIds.keys()) outcomes.push((await world.call(index)).ok);
  expect(outcomes).toEqual([true, true, true, true, true, true]);
  expect(await readFile(join(world.tree.source, 'a.txt'), 'utf8')).toBe('bye\n');
  expect([await world.result(2), await world.result(4), await world.result(5)]).toEqual([
    'bye',
    'a.txt',
    'a.txt:1: bye',
  ]);
  expect(await world.result(3)).toMatch(/^\$ cat a\.txt\nbye\n\[exit 0/);
});

test('a command whose setup could not follow the files says so first', async () => {
  const world = await World.of([count, read]);
  world.note = 'Setup failed.';
  await world.call(0);
  expect(await world.result(0)).toMatch(/^Setup failed\.\n\n\$ echo x/);
  await world.call(1);
  expect(await world.result(1)).not.toContain('Setup');
});

test('work is called done where its files are, and what could not be committed goes back to the agent', async () => {
  const done = { tool: 'task_complete', input: { summary: 'Did it.' } };
  const world = await World.of([done, done, done]);
  world.found = { kind: 'markers', files: ['a.txt', 'b.txt'] };
  expect(await world.call(0)).toMatchObject({ ok: false, errorCode: 'INVALID_STATE' });
  expect(await world.result(0)).toBe(
    'INVALID_STATE: These files still hold conflict markers: a.txt, b.txt. Resolve them, then call task_complete again.',
  );
  world.found = { kind: 'unchanged', ignored: ['a.log', 'b.log'] };
  expect(await world.call(1)).not.toHaveProperty('effect');
  expect(await world.result(1)).toContain('There is nothing to commit: a.log, b.log are ignored by .gitignore.');
  world.found = { kind: 'changed', ignored: ['build/'] };
  const completed = { ok: true, effect: { kind: 'completed', summary: 'Did it.' } };
  expect(await world.call(2)).toMatchObject(completed);
  expect(await world.result(2)).toContain('build/ is ignored by .gitignore');
  world.found = { kind: 'markers', files: ['a.txt'] };
  expect(await world.call(2)).toMatchObject(completed);
});

test('a call that ended is answered from its claim and not done again', async () => {
  const world = await World.of([count]);
  const first = await world.call(0);
  expect(await world.call(0)).toEqual(first);
  expect(await readFile(join(world.tree.source, 'count'), 'utf8')).toBe('x\n');
});

test('after a dead attempt a reading call is repeated, a writing one stays unknown', async () => {
  const world = await World.of([read, count]);
  for (const index of [0, 1]) {
    const { runId, turn, callId, fence } = world.input(index);
    await openClaim(rig.pools.writes, { runId, turn, callId, tool: 'x', inputRef: null, fence });
  }
  expect(await world.call(0)).toMatchObject({ ok: false, errorCode: 'RESOURCE_NOT_FOUND' });
  expect(await world.call(1)).toMatchObject({ ok: false, errorCode: 'UNKNOWN' });
  await expect(readFile(join(world.tree.source, 'count'))).rejects.toThrow('ENOENT');
});

test('a call whose sandbox never came up may be made again elsewhere', async () => {
  const world = await World.of([count]);
  world.sandbox = { run: () => Promise.reject(new Failure('NeverStarted', 'no namespaces')) };
  await expect(world.call(0)).rejects.toMatchObject({ type: 'NeverStarted' });
  world.sandbox = home.sandbox;
  expect(await world.call(0)).toMatchObject({ ok: true });
});

test('an older attempt does not write after a newer one', async () => {
  const world = await World.of([write, write]);
  const old = world.input(0);
  await world.call(1);
  await expect(world.call(0, old)).rejects.toMatchObject({ type: 'Superseded' });
});

test('a lost tree, a half made one and a foreign one are told apart', async () => {
  const world = await World.of([read, read, read]);
  world.record = undefined;
  await expect(world.call(0)).rejects.toMatchObject({ type: 'WorktreeLost' });
  world.own({ ready: false });
  await expect(world.call(1)).rejects.toMatchObject({ type: 'WorktreeLost' });
  world.own({ ownerId: 'another-task' });
  expect(await world.call(2)).toMatchObject({ ok: false, errorCode: 'PERMISSION_DENIED' });
});

test('what a role may not do, wrong arguments and refused commands are results', async () => {
  const supervisor = await World.of([write], 'supervision');
  expect(await supervisor.call(0)).toMatchObject({ ok: false, errorCode: 'PERMISSION_DENIED' });
  const worker = await World.of([
    { tool: 'read_file', input: { path: 7 } },
    { tool: 'run_command', input: { command: 'sudo reboot' } },
  ]);
  expect(await worker.call(0)).toMatchObject({ ok: false, errorCode: 'INVALID_INPUT' });
  expect(await worker.call(1)).toMatchObject({ ok: false, errorCode: 'PERMISSION_DENIED' });
  expect(await worker.result(1)).toContain('there is no root');
});

test('where there is no sandbox a call is refused with the remedy', async () => {
  const world = await World.of([count]);
  expect(await world.call(0, world.input(0), 'Install bubblewrap.')).toMatchObject({
    ok: false,
    errorCode: 'INVALID_STATE',
  });
  expect(await world.result(0)).toBe('INVALID_STATE: Install bubblewrap.');
});
