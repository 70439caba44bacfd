import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setRef } from '../../../infra/git/checkpoint.js';
import type { Environment } from '../../../infra/git/hardening.js';
import { createGit, type Git } from '../../../infra/git/run.js';
import type { Tree } from '../../../infra/git/tree-record.js';
import { Trees } from '../../../infra/git/trees.js';
import { type GitWorld, gitWorld } from '../../support/git/mirrors.js';
import { TREE_OWNER } from '../../support/git/repositories.js';

/** A commit that `log` shows with its signature, where a vector gave it one. */
export const SIGNED = 'refs/millwright/signed';
export const TREE_ID = 'attacked';
export const OWNER = { projectId: 'p', ownerId: TREE_ID, mode: 'write' } as const;

/**
 * A project in a state in which every host git command has something to do: a base commit, a tip that conflicts with
 * nothing, and a working tree at the base that an agent owns.
 */
export class HostileWorld {
  /** A program that leaves a canary whenever somebody executes it. */
  readonly bait: string;
  private readonly canaries: string;

  private constructor(
    readonly world: GitWorld,
    readonly trees: Trees,
    readonly tree: Tree,
    readonly base: string,
    readonly tip: string,
  ) {
    this.bait = join(world.home, 'bait');
    this.canaries = join(world.home, 'canaries');
    mkdirSync(this.canaries);
    chmodSync(this.canaries, 0o777);
    writeFileSync(this.bait, `#!/bin/sh\ntouch ${this.canaries}/$$\n`);
    chmodSync(this.bait, 0o755);
  }

  static async make(): Promise<HostileWorld> {
    const world = await gitWorld();
    const base = world.source.commit('first', { 'a.txt': '1\n', 'b.txt': 'b\n' });
    const tip = world.source.commitOn(base, 'tip', { 'a.txt': 'tip\n', 'c.txt': 'c\n' });
    await world.take(base, tip);
    world.source.git('push', '-q', world.forge.dir, `${base}:refs/heads/main`);
    await setRef(world.mirror, SIGNED, tip);
    const trees = new Trees({ git: world.mirror.git, root: join(world.home, 'trees') });
    const { tree } = await trees.acquire({ repository: world.mirror, treeId: TREE_ID, baseSha: base, ...OWNER });
    return new HostileWorld(world, trees, tree, base, tip);
  }

  /** The project's git, as hardened as ever, in an environment of the attacker's. */
  gitIn(environment: Environment): Git {
    return createGit({ environment, ...(TREE_OWNER === undefined ? {} : { treeOwner: TREE_OWNER }) });
  }

  /** Runs a script in the tree as the agent's commands do: with its uid, `$BAIT` and plain git. @throws what it said */
  asAgent(script: string, { mayFail = false } = {}): void {
    this.plainly(script, { ...(TREE_OWNER ?? {}) }, mayFail);
  }

  /** The same with the rights of the host, for what stands in metadata of our own. */
  asHost(script: string, { mayFail = false } = {}): void {
    this.plainly(script, {}, mayFail);
  }

  /** Whether the bait was executed since the last time. */
  hasFired(): boolean {
    const fired = readdirSync(this.canaries);
    for (const name of fired) rmSync(join(this.canaries, name));
    return fired.length > 0;
  }

  remove(): void {
    this.world.remove();
  }

  private plainly(script: string, user: { readonly uid?: number; readonly gid?: number }, mayFail: boolean): void {
    const done = spawnSync('sh', ['-ec', script], {
      cwd: this.tree.source,
      encoding: 'utf8',
      timeout: 60_000,
      env: {
        PATH: process.env.PATH,
        HOME: '/nonexistent',
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_TERMINAL_PROMPT: '0',
        GIT_AUTHOR_NAME: 'a',
        GIT_AUTHOR_EMAIL: 'a@b',
        GIT_COMMITTER_NAME: 'a',
        GIT_COMMITTER_EMAIL: 'a@b',
        BAIT: this.bait,
        MIRROR: this.world.mirror.dir,
        FORGE: this.world.forge.dir,
        BASE: this.base,
        TIP: this.tip,
      },
      ...user,
    });
    if (done.status !== 0 && !mayFail) throw new Error(`${script.split('\n')[0]}: ${done.stderr}`);
  }
}
