import { readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { TreeStore } from '../../infra/git/tree-store.js';
import type { Queryable } from '../../infra/pg/statement.js';
import { archivedProjects, RETENTION_DAYS, unneededRefs } from '../store/retention.js';

export interface RetentionDeps {
  readonly db: Queryable;
  readonly artifacts: string;
  readonly mirrors: string;
  readonly forge: string;
  readonly layers: string;
  readonly trees: TreeStore;
}

const DAY_MS = 24 * 3_600_000;
/** One sweep asks for so many; the next one goes on. */
const BATCH = 500;
const ARTIFACT = /^[0-9a-f]{64}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What leaves this host's disk because its time is over, or because its project was removed. */
export const createRetentionCleaners = (
  deps: RetentionDeps,
  now: () => number = Date.now,
): readonly (() => Promise<number>)[] => [() => removeOldTexts(deps, now()), () => removeArchived(deps)];

/** Texts over 64 KiB, and the drafts of writers that died. A text that is written again becomes young again. */
const removeOldTexts = async ({ db, artifacts }: RetentionDeps, nowMs: number): Promise<number> => {
  const old: string[] = [];
  let removed = 0;
  for (const prefix of await namesIn(artifacts)) {
    for (const name of await namesIn(join(artifacts, prefix))) {
      const path = join(artifacts, prefix, name);
      const found = await stat(path).catch(() => undefined); // written and renamed meanwhile
      const ageMs = found === undefined ? 0 : nowMs - found.mtimeMs;
      if (ARTIFACT.test(name)) {
        if (ageMs > RETENTION_DAYS * DAY_MS && old.length < BATCH) old.push(path);
      } else if (ageMs > DAY_MS) {
        await rm(path, { force: true });
        removed += 1;
      }
    }
  }
  const unneeded = new Set(
    await unneededRefs(
      db,
      old.map((path) => `sha256:${basename(path)}`),
    ),
  );
  for (const path of old) {
    if (!unneeded.has(`sha256:${basename(path)}`)) continue;
    await rm(path, { force: true });
    removed += 1;
  }
  return removed;
};

/** Mirror, pooled trees and layers of a removed project; its results in the forge stay for the time of retention. */
const removeArchived = async (deps: RetentionDeps): Promise<number> => {
  const { db, mirrors, forge, layers, trees } = deps;
  const repositories = (names: readonly string[]): readonly string[] => names.map((name) => name.replace(/\.git$/, ''));
  const ids = new Set([
    ...repositories(await namesIn(mirrors)),
    ...repositories(await namesIn(forge)),
    ...(await namesIn(layers)),
    ...(await trees.listPools()),
  ]);
  let removed = 0;
  for (const { id, isLong } of await archivedProjects(
    db,
    [...ids].filter((id) => UUID.test(id)),
  )) {
    for (const tree of await trees.listPooled(id)) {
      await trees.remove(tree);
      removed += 1;
    }
    const gone = [join(mirrors, `${id}.git`), join(layers, id), ...(isLong ? [join(forge, `${id}.git`)] : [])];
    for (const path of gone) {
      if ((await stat(path).catch(() => undefined)) === undefined) continue;
      await rm(path, { recursive: true, force: true });
      removed += 1;
    }
  }
  return removed;
};

const namesIn = (directory: string): Promise<readonly string[]> => readdir(directory).catch(() => []); // not made yet
