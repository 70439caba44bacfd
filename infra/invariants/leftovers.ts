import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { listLiveTrees } from '../git/janitor.js';
import { listRefs } from '../git/objects.js';
import { CHECKPOINTS } from '../git/refs.js';
import type { Repository } from '../git/repository.js';
import { findRecord } from '../git/tree-record.js';
import { isAlive } from '../process-identity.js';
import type { Violation } from './finding.js';
import type { Truths } from './truths.js';

const SWEEP = 'The sweep of the factory removes it while Millwright runs; `millwright status` says whether it does.';

export interface Leftovers {
  readonly trees: readonly Violation[];
  readonly refs: readonly Violation[];
  readonly locks: readonly Violation[];
  readonly processes: readonly Violation[];
}

/** I8: work that has ended leaves no tree, branch, checkpoint, lock or process. */
export async function leftovers(truths: Truths): Promise<readonly Violation[]> {
  return Object.values(await findLeftovers(truths)).flat();
}

export async function findLeftovers(truths: Truths): Promise<Leftovers> {
  const repositories = [...(await truths.forge.list()), ...(await truths.mirrors.list())];
  return {
    trees: [...(await endedTrees(truths)), ...(await ruins(truths))],
    refs: await endedRefs(truths, repositories),
    locks: (await Promise.all(repositories.map((one) => staleLocks(truths, one)))).flat(),
    processes: await sandboxes(truths),
  };
}

async function endedTrees({ db, trees, graceMs }: Truths): Promise<readonly Violation[]> {
  const live = (await listLiveTrees(trees)).filter(({ ageMs }) => ageMs >= graceMs);
  const { rows } = await db.query<{ id: string }>({
    text: `SELECT id::text AS id FROM task WHERE state IN ('COMPLETED', 'CANCELLED', 'SKIPPED', 'FAILED')
             AND updated_at <= now() - $1 * interval '1 millisecond'
           UNION ALL
           SELECT id::text FROM run WHERE ended_at <= now() - $1 * interval '1 millisecond'`,
    values: [graceMs],
  });
  const ended = new Set(rows.map(({ id }) => id));
  return live.flatMap(({ tree, record }) => {
    const owner = record?.taskId ?? record?.ownerId;
    const isCheck = owner?.startsWith('check/') ?? false;
    const isOver = record === undefined || (isCheck ? !isAlive(record.process) : ended.has(owner ?? ''));
    const detail = record === undefined ? 'is the ruin of a tree' : `belongs to ${owner}, which has ended`;
    return isOver ? [{ subject: tree.directory, detail, remedy: SWEEP }] : [];
  });
}

/** Trees whose maker or cleaner died half-way. */
async function ruins({ trees, graceMs }: Truths): Promise<readonly Violation[]> {
  const found: Violation[] = [];
  for (const tree of await trees.listTransit()) {
    const record = await findRecord(tree);
    const isDead = record === undefined ? await isOld(tree.directory, graceMs) : !isAlive(record.process);
    if (isDead)
      found.push({ subject: tree.directory, detail: 'was being made or cleaned by a dead process', remedy: SWEEP });
  }
  return found;
}

/** Branches of the forge and checkpoints of the mirrors whose work has ended, or was never known. */
async function endedRefs({ db, graceMs }: Truths, repositories: readonly Repository[]): Promise<readonly Violation[]> {
  const { rows } = await db.query<{ ref: string }>({
    text: `SELECT 'refs/heads/' || t.branch AS ref FROM task t LEFT JOIN epic e ON e.id = t.epic_id
           WHERE t.state NOT IN ('COMPLETED', 'CANCELLED', 'SKIPPED')
             AND coalesce(e.state, 'IN_PROGRESS') NOT IN ('COMPLETED', 'CANCELLED')
              OR t.updated_at > now() - $1 * interval '1 millisecond'
           UNION ALL
           SELECT 'refs/heads/' || branch FROM epic
           WHERE state NOT IN ('COMPLETED', 'CANCELLED') OR updated_at > now() - $1 * interval '1 millisecond'
           UNION ALL
           SELECT 'refs/heads/' || head_ref FROM pull_request WHERE state = 'open'
           UNION ALL
           SELECT $2 || t.id FROM task t LEFT JOIN epic e ON e.id = t.epic_id
           WHERE t.state NOT IN ('COMPLETED', 'CANCELLED', 'SKIPPED')
             AND coalesce(e.state, 'IN_PROGRESS') NOT IN ('COMPLETED', 'CANCELLED')
              OR t.updated_at > now() - $1 * interval '1 millisecond'`,
    values: [graceMs, CHECKPOINTS],
  });
  const wanted = new Set(rows.map(({ ref }) => ref));
  const found: Violation[] = [];
  for (const repository of repositories) {
    for (const prefix of ['refs/heads/millwright/', CHECKPOINTS]) {
      for (const ref of (await listRefs(repository, prefix)).keys())
        if (!wanted.has(ref))
          found.push({ subject: `${repository.dir} ${ref}`, detail: 'belongs to no open work', remedy: SWEEP });
    }
  }
  return found;
}

/** No git of ours runs for a minute without touching its lock, but on a large repository. */
const LOCK_MS = 60_000;

async function staleLocks({ graceMs }: Truths, { dir }: Repository): Promise<readonly Violation[]> {
  const found: Violation[] = [];
  for (const entry of await readdir(dir, { withFileTypes: true, recursive: true })) {
    const path = join(entry.path, entry.name);
    const isLock = entry.isFile() && (entry.name.endsWith('.lock') || entry.name === 'gc.pid');
    if (isLock && (await isOld(path, Math.min(graceMs, LOCK_MS))))
      found.push({ subject: path, detail: 'no git has finished with it', remedy: SWEEP });
  }
  return found;
}

/** Processes that work in a tree though no run and no build is open. */
async function sandboxes({ db, layout, graceMs }: Truths): Promise<readonly Violation[]> {
  const { rows } = await db.query<{ busy: boolean }>({
    text: `SELECT EXISTS (SELECT 1 FROM run WHERE ended_at IS NULL OR ended_at > now() - $1 * interval '1 millisecond')
               OR EXISTS (SELECT 1 FROM queue_build WHERE ended_at IS NULL)
               OR EXISTS (SELECT 1 FROM project WHERE state = 'importing')
               OR EXISTS (SELECT 1 FROM task WHERE state NOT IN ('PENDING', 'BLOCKED', 'COMPLETED', 'FAILED', 'SKIPPED', 'CANCELLED')) AS busy`,
    values: [graceMs],
  });
  if (rows[0]?.busy) return [];
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''); // it ended meanwhile
      const remedy = 'Look what it is and end it; a restart of the worker clears what it started.';
      const detail = line.replaceAll('\0', ' ').slice(0, 80);
      return line.includes(`${layout.trees}/`) ? [{ subject: `process ${pid}`, detail, remedy }] : [];
    }),
  );
  return found.flat();
}

async function isOld(path: string, ms: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined); // gone while it was looked at
  return found !== undefined && Date.now() - found.mtimeMs >= ms;
}
