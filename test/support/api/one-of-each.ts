import type { Route } from '../../../api/auth/access-table.js';
import type { TestDatabase } from '../postgres.js';
import { rowsOf, seedAgent, seedEntry, seedEpic, seedLane, seedMail, seedProject, seedRun, seedTask } from './seed.js';

/** One row of everything, by the resource's name in the path. */
export class OneOfEach {
  private constructor(readonly ids: Readonly<Record<string, string>>) {}

  static async seed(database: TestDatabase): Promise<OneOfEach> {
    const projects = await seedProject(database);
    const [epics, tasks, agents] = await Promise.all([
      seedEpic(database, projects),
      seedTask(database, projects),
      seedAgent(database, 'somebody'),
    ]);
    const runs = await seedRun(database, { projectId: projects, agentId: agents, taskId: tasks });
    const [mail, queues] = await Promise.all([seedMail(database, projects), seedEntry(database, projects)]);
    await seedLane(database, projects);
    const [key] = await rowsOf<{ id: string }>(database, `SELECT id FROM api_key ORDER BY id LIMIT 1`);
    return new OneOfEach({ projects, epics, tasks, agents, runs, mail, queues, keys: key?.id ?? '' });
  }

  /** The route on rows that exist, so that nothing but body or query can be wrong. */
  pathOf({ url }: Route): string {
    const [, resource = ''] = /\/api\/v1\/(\w+)/.exec(url) ?? [];
    const { projects = '', [resource]: id } = this.ids;
    if (id === undefined && url.includes(':id')) throw new Error(`nothing is seeded for ${url}`);
    return url
      .replace(':projectId', projects)
      .replace(':branch', 'main')
      .replace(':id', id ?? '');
  }

  /** Values of fields by name that no schema can tell, for `sampleBody`. */
  get known(): Readonly<Record<string, unknown>> {
    return {
      projectId: this.ids.projects,
      source: 'https://example.org/a/b',
      to: { kind: 'epic', id: this.ids.epics },
      name: 'sample',
      tasks: [{ key: 'a', title: 'A task', description: 'Do it.' }],
    };
  }
}
