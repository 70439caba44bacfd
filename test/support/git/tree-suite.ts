import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { makeFence } from '../../../workflows/contract/fence.js';
import { createTestDatabase, type TestDatabase } from '../postgres.js';
import { insertTask } from '../rows.js';
import { type ActivityWorld, activityWorld, asAttempt, CountingSetup } from './activity-world.js';
import { TREE_OWNER } from './repositories.js';

/** A task that works on trees of a project with one commit, anew for each test. */
export class TreeSuite {
  readonly branch = 'millwright/a-task';
  /** Puts one file into `node_modules`, when a test says that it is wanted. */
  readonly setup = new CountingSetup((tree) => {
    mkdirSync(join(tree, 'node_modules'), { recursive: true });
    writeFileSync(join(tree, 'node_modules/dep.js'), 'dep');
    if (TREE_OWNER) chownSync(join(tree, 'node_modules'), TREE_OWNER.uid, TREE_OWNER.gid);
  });
  private seq = 0;
  private parts:
    | { readonly world: ActivityWorld; readonly base: string; readonly taskId: string; readonly database: TestDatabase }
    | undefined;

  /** Call at the top of a test file. */
  static use(): TreeSuite {
    const suite = new TreeSuite();
    let database: TestDatabase;
    beforeAll(async () => {
      database = await createTestDatabase();
    });
    afterAll(() => database.drop());
    beforeEach(async () => {
      suite.setup.wanted = undefined;
      suite.setup.fail = undefined;
      suite.setup.installed.length = 0;
      const world = await activityWorld(database, suite.setup);
      const base = world.source.commit('first', { 'a.txt': '1\n2\n3\n', 'b.txt': 'b\n' });
      await asAttempt(1, world.repository.importSource, { projectId: world.projectId });
      const taskId = await insertTask(database.pools.writes, world.projectId);
      suite.parts = { world, base, taskId, database };
    });
    afterEach(() => suite.world.remove());
    return suite;
  }

  private get started() {
    if (!this.parts) throw new Error('the suite has not started');
    return this.parts;
  }

  get world(): ActivityWorld {
    return this.started.world;
  }
  get database(): TestDatabase {
    return this.started.database;
  }
  /** The first commit. */
  get base(): string {
    return this.started.base;
  }
  /** The task, which is also the id of its tree. */
  get taskId(): string {
    return this.started.taskId;
  }

  /** Newer than every one before it. */
  readonly fence = (): string => makeFence(1_000, ++this.seq);

  readonly file = (name: string): string => join(this.world.deps.trees.store.live(this.taskId).source, name);

  readonly acquire = (attempt = 1, at?: string) =>
    asAttempt(attempt, this.world.trees.acquireTree, {
      projectId: this.world.projectId,
      ownerId: this.taskId,
      taskId: this.taskId,
      branch: 'main',
      ...(at === undefined ? {} : { at }),
      mode: 'write',
      fence: this.fence(),
    });

  readonly commitInput = (parents: readonly string[], conflictFiles: readonly string[] = []) => ({
    treeId: this.taskId,
    projectId: this.world.projectId,
    taskId: this.taskId,
    fence: this.fence(),
    branch: this.branch,
    parents,
    title: 'Add a thing',
    summary: 'It was added.',
    round: 1,
    conflictFiles,
  });
}
