// Every text that a run shows to people.
import type { BudgetHit } from '../contract/activities/agents.js';
import type { MailTemplate } from '../contract/activities/mail.js';
import type { AgentRunInput } from '../contract/agent-run.js';
import { caveatLine } from '../support/caveat-line.js';
import { type AgentRunState, waitingFor } from './agent-run.state.js';

/** Current details of the Web UI, Markdown. The title is repeated: a new history has lost the static summary. */
export function detailsOf(input: AgentRunInput, run: AgentRunState, nowMs: number): string {
  const waits = waitingFor(run, nowMs);
  return [
    `### ${input.title ?? 'Run'} · ${input.kind}`,
    `**${run.state}**, turn ${run.turn}, agent \`${input.agentName}\`${run.facts?.backend === 'anthropic' ? ` on ${run.facts.model}` : ''}`,
    ...(run.facts?.caveats ?? []).map(caveatLine),
    ...(waits === undefined ? [] : [`Waiting for ${waits}.`]),
    ...(run.outcome ? [`Ended: ${run.outcome.kind}${'reason' in run.outcome ? `, ${run.outcome.reason}` : ''}`] : []),
    `Started by \`${input.parentWorkflowId}\`, attempt ${input.attempt}, round ${input.round}.`,
  ].join('\n\n');
}

const dollars = (microUsd: number): string => `$${(microUsd / 1_000_000).toFixed(2)}`;

export function budgetTemplate({ scope, what, spent, limit }: BudgetHit): MailTemplate {
  const figure = (value: number): string => (what === 'money' ? dollars(value) : `${value} ${what}`);
  return { kind: 'budget_reached', scope, what, spent: figure(spent), limit: figure(limit) };
}

export const modelSummary = (turn: number): string => `model: turn ${turn + 1}`;
export const sealSummary = (turn: number, lost: boolean): string =>
  `seal turn ${turn + 1}${lost ? ' without files' : ''}`;
export const programSummary = (agentName: string, turn: number): string => `${agentName}: step ${turn + 1}`;
