import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { TreeStore } from '../../infra/git/tree-store.js';
import type { Instance, PartName } from '../support/e2e/instance.js';
import { processesOf } from '../support/processes.js';
import type { Series } from './slope.js';

const run = promisify(execFile);
const MIB = 1024 * 1024;

/** One measured value: its series without the other rounds. */
export type Measured = Omit<Series, 'values'> & { readonly value: number };

const PARTS: readonly PartName[] = ['worker', 'api', 'temporal'];

/** Everything that a long run could use up, at a moment when nothing is open. */
export async function sample(instance: Instance): Promise<readonly Measured[]> {
  const { layout } = instance;
  const processes = PARTS.flatMap((part): readonly Measured[] => {
    const pid = instance.pidOf(part);
    return [
      { name: `${part}: memory, MiB`, kind: 'level', slack: 48, value: residentBytes(pid) / MIB },
      { name: `${part}: open files`, kind: 'level', slack: 12, value: readdirSync(`/proc/${pid}/fd`).length },
    ];
  });
  const levels: readonly Measured[] = [
    { name: 'processes', kind: 'level', slack: 3, value: (await processesOf(layout.home)).length },
    // Each is as large as its repository, which every epic makes larger: one that is left over shows by their number.
    { name: 'trees', kind: 'level', slack: 2, value: await countTrees(layout.trees) },
  ];
  const grown = await Promise.all(
    (['trees', 'mirrors', 'forge', 'artifacts', 'temporal', 'logs'] as const).map(
      async (name): Promise<Measured> => ({
        name: `${name}: disk per epic, MiB`,
        kind: 'perEpic',
        slack: 1,
        value: await diskMib(layout[name]),
      }),
    ),
  );
  return [...processes, ...levels, ...grown, ...(await rows(instance))];
}

function residentBytes(pid: number): number {
  const [, kib = '0'] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}

async function countTrees(root: string): Promise<number> {
  const store = new TreeStore(root);
  const pools = await Promise.all((await store.listPools()).map((project) => store.listPooled(project)));
  return [...(await store.listLive()), ...(await store.listTransit()), ...pools.flat()].length;
}

/** What git and the stores pack meanwhile makes `du` find files gone, which it says and goes on. */
async function diskMib(path: string): Promise<number> {
  const text = await run('du', ['-sk', path]).then(
    ({ stdout }) => stdout,
    ({ stdout = '' }: { stdout?: string }) => stdout,
  );
  return Number.parseInt(text, 10) / 1024;
}

async function rows(instance: Instance): Promise<readonly Measured[]> {
  const tables = await instance.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
  );
  return Promise.all(
    tables.map(async ({ name }): Promise<Measured> => {
      const [counted] = await instance.query<{ rows: number }>(`SELECT count(*)::int AS rows FROM "${name}"`);
      return { name: `rows of ${name} per epic`, kind: 'perEpic', slack: 2, value: counted?.rows ?? 0 };
    }),
  );
}
