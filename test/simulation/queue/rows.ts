import type { Admission } from '../../../domain/merge/admit.js';
import type { QueueTransition, Sha } from '../../../domain/merge/types.js';
import type { QueueRecord } from '../../../workflows/merge-queue/queue.state.js';
import { must } from '../world.js';

type Row = QueueRecord['entries'][number] & { readonly landing?: Sha };

const isEnd = (state: string): boolean => state === 'landed' || state === 'ejected' || state === 'withdrawn';

/** What the store knows of a queue, and what its owners were told. It survives the queue. */
export class QueueRows {
  /** Every entry that was ever taken. */
  readonly admitted: Admission[] = [];
  readonly ended = new Map<string, string>();
  private readonly rows = new Map<string, Row>();

  follow(record: QueueRecord | undefined, transitions: readonly QueueTransition[]): void {
    for (const row of record?.entries ?? []) this.rows.set(row.entryId, { ...this.rows.get(row.entryId), ...row });
    for (const { entryId, to } of transitions) {
      if (!entryId || !isEnd(to)) continue;
      const before = this.ended.get(entryId);
      must(before === undefined, 'an entry ends once', () => `${entryId} was ${before} and is ${to}`);
      this.ended.set(entryId, to);
    }
  }

  /** Recorded before the push. */
  recordTarget(entryId: string, commit: Sha): void {
    const row = this.rows.get(entryId);
    if (row) this.rows.set(entryId, { ...row, landing: commit });
  }

  find(entryId: string): Row | undefined {
    return this.rows.get(entryId);
  }

  /** Taken, but lost before a row was written. */
  unheardOf(): readonly Admission[] {
    return this.admitted.filter(({ entryId }) => !this.rows.has(entryId));
  }

  /** Admissions anew, in their old order. */
  living(): readonly Admission[] {
    return [...this.rows.values()]
      .filter(({ state }) => !isEnd(state))
      .toSorted((a, b) => a.seq - b.seq)
      .map(({ entryId, prNumber, owner, headRef, headSha, title, priority, fixesBase, enqueuedBy }) => {
        return { entryId, prNumber, owner, headRef, headSha, title, priority, fixesBase, by: enqueuedBy };
      });
  }
}
