import { v5 as uuidv5 } from 'uuid';
import type { Queryable, Tx } from '../../../infra/pg/statement.js';
import type { ToolEffect } from '../../../workflows/contract/activities/agents.js';
import type { AgentRun } from '../../store/agent-run.repository.js';

export interface StoreToolCall {
  readonly run: AgentRun;
  readonly turn: number;
  readonly callId: string;
  /** Checked against the tool's schema. */
  readonly input: Readonly<Record<string, unknown>>;
}

/** A tool that needs no tree. Its effect and the end of its claim are one transaction. */
export interface StoreTool {
  /** Answers the text of the result. @throws ToolError, Failure */
  run(call: StoreToolCall, tx: Tx): Promise<string>;
  /** What the call means for the run; asked after the commit, and again by a repeat that finds the call done. */
  effectOf?(call: StoreToolCall, db: Queryable): Promise<ToolEffect | undefined>;
}

/** An id that follows from the call: repeating the call makes nothing new. */
export const callUuid = ({ run, turn, callId }: Pick<StoreToolCall, 'run' | 'turn' | 'callId'>): string =>
  uuidv5(`${turn}/${callId}`, run.runId);

/** Fields of a checked input. The schema has made sure of their types. */
export const textField = (call: StoreToolCall, name: string): string => String(call.input[name] ?? '');
export const isSet = (call: StoreToolCall, name: string): boolean => call.input[name] === true;
