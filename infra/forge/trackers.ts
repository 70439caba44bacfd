import type { Queryable } from '../pg/statement.js';
import type { IssueTracker, TrackerKind } from './issues.js';

/** Where each project's issues and commands come from, as its row says. */
export class ProjectTrackers {
  constructor(
    private readonly db: Queryable,
    private readonly trackers: Readonly<Partial<Record<TrackerKind, IssueTracker>>>,
  ) {}

  /** The forge's own first. A project may be linked, or no longer be, at any time. */
  async of(projectId: string): Promise<readonly IssueTracker[]> {
    const { rows } = await this.db.query<{ readonly kinds: readonly TrackerKind[] }>({
      name: 'find-trackers-of-project',
      text: `SELECT array_remove(ARRAY[CASE WHEN forge = 'github' THEN 'github' END,
               CASE WHEN linear_team_key IS NOT NULL THEN 'linear' END], NULL) AS kinds
             FROM project WHERE id = $1`,
      values: [projectId],
    });
    return (rows[0]?.kinds ?? []).flatMap((kind) => this.trackers[kind] ?? []);
  }
}
