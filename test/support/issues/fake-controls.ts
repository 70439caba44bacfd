import type { ControlAnswer, SentControl, WorkflowControls } from '../../../activities/engine/controls.js';
import { Failure } from '../../../domain/failures.js';
import type { Queryable } from '../../../infra/pg/statement.js';
import type { ControlCommand, PausedBy } from '../../../workflows/contract/messages.js';

export interface Sent {
  readonly workflowId: string;
  readonly name: string;
  readonly command: ControlCommand;
}

/** Workflows as the engine would answer for them: each update id once, pauses and cancellations kept in the rows. */
export class FakeControls implements WorkflowControls {
  /** What reached a workflow, each once. */
  readonly sent: Sent[] = [];
  /** While set, no worker answers. */
  isAway = false;
  /** The next command is carried out, and its answer lost. */
  losesAnswer = false;
  private readonly answers = new Map<string, ControlAnswer>();
  private readonly refusals = new Map<string, string>();

  constructor(private readonly db: Queryable) {}

  /** From now on the update of this name is refused so. */
  refuse(name: string, message: string): void {
    this.refusals.set(name, message);
  }

  async send<Command extends ControlCommand>(control: SentControl<Command>): Promise<ControlAnswer> {
    if (this.isAway) throw new Failure('Unavailable', 'No worker answered in time.');
    const key = `${control.workflowId} ${control.updateId}`;
    const known = this.answers.get(key);
    if (known !== undefined) return known;
    const answer = await this.carryOut(control.workflowId, control.update.name, control.command);
    this.answers.set(key, answer);
    if (this.losesAnswer) {
      this.losesAnswer = false;
      throw new Failure('Unavailable', 'No worker answered in time.');
    }
    return answer;
  }

  private async carryOut(workflowId: string, name: string, command: ControlCommand): Promise<ControlAnswer> {
    const message = this.refusals.get(name);
    if (message !== undefined) return { kind: 'refused', message };
    const [kind, id] = workflowId.split('/');
    const { rows } = await this.db.query<{ readonly state: string; readonly pausedBy: readonly PausedBy[] }>({
      text: `SELECT state, paused_by AS "pausedBy" FROM ${kind === 'task' ? 'task' : 'epic'} WHERE id = $1`,
      values: [id],
    });
    const [row] = rows;
    if (row === undefined || row.state === 'CANCELLED' || row.state === 'COMPLETED') return { kind: 'absent' };
    if (name === 'pause' && row.pausedBy.includes('person'))
      return { kind: 'refused', message: 'It is paused already.' };
    this.sent.push({ workflowId, name, command });
    const pausedBy: readonly PausedBy[] = name === 'pause' ? ['person'] : name === 'resume' ? [] : row.pausedBy;
    const state = name === 'cancel' ? 'CANCELLED' : row.state;
    if (kind === 'epic')
      await this.db.query({
        text: 'UPDATE epic SET paused_by = $2, state = $3 WHERE id = $1',
        values: [id, pausedBy, state],
      });
    return { kind: 'done', view: { state, revision: 1, pausedBy } };
  }
}
