import { permitCall } from '../../../activities/agents/tools/permission.js';
import { runCommandTool } from '../../../activities/agents/tools/run-command.js';
import { openToolTree } from '../../../activities/agents/tools/tool-tree.js';
import { type AgentRole, type RunKind, TOOLS } from '../../../domain/tools/catalogue.js';
import { checkFence } from '../../../infra/git/fence.js';
import { makeFence, withAttempt } from '../../../workflows/contract/fence.js';
import { limits } from '../../support/sandbox/home.js';
import { HostileWorld, TREE_ID } from '../git/world.js';
import type { Vector } from '../vector.js';
import type { FilesWorld } from './world.js';

type FilesVector = Vector<FilesWorld>;

const ROLES: readonly AgentRole[] = ['orchestrator', 'supervisor', 'worker', 'reviewer', 'droid'];
const KINDS: readonly RunKind[] = ['planning', 'supervision', 'execution', 'debug', 'integration'];
/** Said again here, so that a slip in the table of the product is seen: only workers change files or run commands. */
const OF_WORKERS = ['write_file', 'edit_file', 'run_command'];

const OLDER = withAttempt(makeFence(1_000, 1), 1);
const NEWER = withAttempt(makeFence(1_000, 2), 1);

const refusal = (work: () => unknown): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    return String(error);
  }
};

/** Arguments that fit the schema, so that only the role can be wrong. */
const ARGUMENTS: Readonly<Record<string, object>> = {
  write_file: { path: 'a', content: '' },
  edit_file: { path: 'a', old_text: 'a', new_text: 'b' },
  run_command: { command: 'true' },
};

const roles: FilesVector = {
  name: 'tools that the role may not call',
  controls: ['files.tool-permissions'],
  isSmoke: true,
  run: async (_, tally) => {
    for (const role of ROLES.filter((one) => one !== 'worker'))
      for (const kind of KINDS)
        for (const name of OF_WORKERS) {
          const why = refusal(() => permitCall({ role, kind }, name, ARGUMENTS[name]));
          tally.count(why === undefined ? `a ${role} (${kind}) may call ${name}` : undefined);
        }
    for (const name of ['rm', 'constructor', '__proto__', 'toString', '', 'Write_File', 'write_file '])
      tally.count(
        refusal(() => permitCall({ role: 'worker', kind: 'execution' }, name, {})) ? undefined : `${name} is a tool`,
      );
  },
};

const ODD_ARGUMENTS: readonly unknown[] = [
  ...[undefined, null, 1, '', 'x', [], [{}], true, { path: ['a'] }, { path: 1 }, { path: null }, { path: '' }],
  ...[{ path: 'a', nonsense: 1 }, { path: 'x'.repeat(5_000) }, { path: 'a', offset: -1 }, { path: 'a', limit: 1e9 }],
  ...[{ path: 'a', offset: 1.5 }, { path: 'a', limit: '10' }, JSON.parse('{"path":"a","__proto__":{"x":1}}')],
];

const oddArguments: FilesVector = {
  name: 'arguments of another shape',
  controls: ['files.arguments'],
  isSmoke: true,
  run: async (_, tally) => {
    for (const input of ODD_ARGUMENTS) {
      const why = refusal(() => permitCall({ role: 'worker', kind: 'execution' }, 'read_file', input));
      tally.count(why === undefined ? `read_file takes ${JSON.stringify(input)?.slice(0, 60)}` : undefined);
    }
    for (const { name } of TOOLS) {
      const why = refusal(() => permitCall({ role: 'worker', kind: 'execution' }, name, { 'unknown key': 1 }));
      tally.count(why === undefined ? `${name} takes an unknown key` : undefined);
    }
  },
};

/** No project has switched its sandbox off. */
const noRows = { query: async () => ({ rows: [], rowCount: 0 }) };

const run = (changes: object) =>
  // The tools look at nothing else of a run.
  ({ runId: 'another-run', taskId: null, projectId: 'p', role: 'worker', kind: 'execution', ...changes }) as Parameters<
    typeof openToolTree
  >[1];

const otherTree: FilesVector = {
  name: 'the tree of another task, run or project',
  controls: ['files.own-tree'],
  run: async (_, tally) => {
    const hostile = await HostileWorld.make();
    try {
      const deps = { db: noRows as never, trees: hostile.trees };
      const open = (changes: object) => openToolTree(deps, run(changes), { treeId: TREE_ID, fence: OLDER });
      await open({ taskId: TREE_ID });
      for (const changes of [
        {},
        { taskId: 'another-task' },
        { taskId: TREE_ID, projectId: 'another-project' },
        { runId: '' },
      ]) {
        const isOpen = await open(changes).then(
          () => true,
          () => false,
        );
        tally.count(isOpen ? `it opens for ${JSON.stringify(changes)}` : undefined);
      }
      for (const treeId of ['../live/attacked', '..', 'attacked/../attacked', '/etc', ''])
        tally.count(
          await openToolTree(deps, run({ taskId: TREE_ID }), { treeId, fence: OLDER }).then(
            () => `${treeId} is a tree`,
            () => undefined,
          ),
        );
      // A tree that opens for nobody would have stopped them all.
      await open({ taskId: TREE_ID });
    } finally {
      hostile.remove();
    }
  },
};

const staleAttempt: FilesVector = {
  name: 'an attempt that was replaced meanwhile',
  controls: ['files.fence'],
  run: async (_, tally) => {
    const hostile = await HostileWorld.make();
    try {
      await checkFence(hostile.tree, NEWER);
      const deps = { db: noRows as never, trees: hostile.trees };
      const open = (fence: string) => openToolTree(deps, run({ taskId: TREE_ID }), { treeId: TREE_ID, fence });
      const isOpen = await open(OLDER).then(
        () => true,
        () => false,
      );
      tally.count(isOpen ? 'the older attempt still writes' : undefined);
      await open(NEWER);
    } finally {
      hostile.remove();
    }
  },
};

const ESC = '\\033';
const ESCAPES = [
  `${ESC}[2J`,
  `${ESC}[31m`,
  `${ESC}]0;title\\007`,
  `${ESC}]8;;http://x${ESC}\\\\link`,
  `${ESC}]52;c;eA==\\007`,
  `${ESC}P1;1|x${ESC}\\\\`,
  `${ESC}_x${ESC}\\\\`,
  `${ESC}c`,
  `${ESC}(0`,
  '\\302\\2331A',
  '\\302\\235x',
  '\\b\\b',
  'visible\\rhidden',
  '\\177',
  '\\a',
  `${ESC}[?1049h`,
];

const escapes: FilesVector = {
  name: 'terminal escapes in the output of a command',
  controls: ['files.plain-output'],
  run: async (world, tally) => {
    const tree = await world.home.tree();
    const toolTree = { path: tree, isReadOnly: false, isolation: 'bubblewrap', ignoredPaths: [] } as const;
    const control = /[^\P{Cc}\n\t]/u;
    for (const one of ESCAPES) {
      const command = `printf '${one}'`;
      const deps = { sandbox: world.home.sandbox, limits: limits() };
      const said = await runCommandTool(deps, { command, timeoutSeconds: 20 }, toolTree);
      const raw = await runCommandTool(deps, { command: `: '\u001b[31m\u009b1A'`, timeoutSeconds: 20 }, toolTree);
      for (const answer of [said, raw])
        tally.count(
          answer.ok && control.test(answer.text) ? `${one}: ${JSON.stringify(answer.text).slice(0, 80)}` : undefined,
        );
    }
  },
};

export const PERMISSIONS: readonly FilesVector[] = [roles, oddArguments, otherTree, staleAttempt, escapes];
