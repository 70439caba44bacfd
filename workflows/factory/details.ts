import type { Factory } from './factory.state.js';

/** What the Web UI shows of the factory: its limits, who holds how much, and what it is busy with. */
export function detailsOf(factory: Factory): string {
  const { limits, holders, projects, crashLoops, pausedBy } = factory;
  const given = holders.reduce((sum, holder) => sum + holder.slots, 0);
  const lines = [
    '### Factory',
    '',
    pausedBy.length > 0
      ? '**Paused.** Waits for a person to thaw it.'
      : `${given} of ${limits.maxWorkers} workers given, at most ${limits.maxEpics} epics at once. Next sweep ${new Date(factory.nextSweepAtMs).toISOString()}.`,
  ];
  if (projects.length > 0)
    lines.push('', `Imports and checks: ${projects.map(({ projectId }) => `\`${projectId}\``).join(', ')}.`);
  if (crashLoops.length > 0)
    lines.push(
      '',
      `Waits for a person to clear crash loops: \`millwright agents\` names those that are FAILED, \`millwright agents clear <name>\` lets one start again. Ids: ${crashLoops.map((id) => `\`${id}\``).join(', ')}.`,
    );
  if (holders.length > 0)
    lines.push(
      '',
      '| holder | priority | wants | slots |',
      '|---|---|---|---|',
      ...holders.map((one) => `| \`${one.workflowId}\` | ${one.priority} | ${one.wants} | ${one.slots} |`),
    );
  return lines.join('\n');
}
