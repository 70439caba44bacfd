import { cannotKeepAnswer, completedAnswer, markersAnswer, unchangedAnswer } from '../../../domain/work-notes.js';
import type { AgentRun } from '../../store/agent-run.repository.js';
import { ToolError } from './tool-error.js';

/** What the next commit of a tree would be; the commit itself looks again, and decides. */
export type LookAtWork = (
  input: {
    readonly projectId: string;
    readonly treeId: string;
    readonly taskId: string | null;
    readonly conflictFiles: readonly string[];
    readonly isMerge: boolean;
  },
  signal: AbortSignal,
) => Promise<WorkFound>;

export type WorkFound =
  | { readonly kind: 'refused'; readonly paths: readonly string[]; readonly why: string }
  | { readonly kind: 'markers'; readonly files: readonly string[] }
  | { readonly kind: 'unchanged' | 'changed'; readonly ignored: readonly string[] };

/**
 * Whether the files may be called done: what could not be committed is the agent's to repair while it still runs.
 * @throws ToolError INVALID_STATE that says what stands in the way
 */
export async function completeWork(
  lookAtWork: LookAtWork,
  { run, treeId, conflictFiles = [] }: CompletedWork,
  signal: AbortSignal,
): Promise<string> {
  const { projectId, taskId, kind } = run;
  const found = await lookAtWork({ projectId, treeId, taskId, conflictFiles, isMerge: kind === 'integration' }, signal);
  switch (found.kind) {
    case 'refused':
      throw new ToolError('INVALID_STATE', cannotKeepAnswer(found));
    case 'markers':
      throw new ToolError('INVALID_STATE', markersAnswer(found.files));
    case 'unchanged':
      throw new ToolError('INVALID_STATE', unchangedAnswer(found.ignored));
    case 'changed':
      return completedAnswer(found.ignored);
  }
}

export interface CompletedWork {
  readonly run: AgentRun;
  readonly treeId: string;
  readonly conflictFiles?: readonly string[] | undefined;
}
