import { runWorkflowId, taskWorkflowId } from '../contract/ids.js';
import { caveatLine } from '../support/caveat-line.js';
import type { Epic, EpicTask } from './epic.state.js';

/** What the Web UI shows of the epic: a title, where it stands, for whom it waits, and its children by id. */
export function detailsOf(epic: Epic): string {
  const { constants, run, pr, plan } = epic;
  const lines = [
    `### ${oneLine(constants.title)}`,
    '',
    `**${epic.state}** · ${epic.phase}${epic.pausedBy.length > 0 ? ` · paused by ${epic.pausedBy.join(', ')}` : ''}`,
    '',
    ...(constants.caveats ?? []).flatMap((caveat) => [caveatLine(caveat), '']),
    epic.waitingFor ? `Waits for ${oneLine(epic.waitingFor)}.` : 'At work.',
    ...(epic.blockedReason ? ['', `Blocked: ${oneLine(epic.blockedReason)}.`] : []),
    '',
    `Project ${oneLine(constants.projectName)}, ${constants.mergeTarget === 'epic' ? `branch \`${constants.branch}\` → ` : ''}\`${constants.baseBranch}\`${pr ? `, pull request #${pr.number}` : ''}${plan.version === undefined ? '' : `, plan version ${plan.version}`}, ${epic.slots} slots.`,
    ...(run ? ['', `${run.kind} run \`${runWorkflowId(run.runId)}\` is ${run.state ?? 'being started'}.`] : []),
  ];
  if (epic.tasks.length > 0) lines.push('', '| task | state | workflow |', '|---|---|---|', ...epic.tasks.map(taskRow));
  return lines.join('\n');
}

const taskRow = (task: EpicTask): string =>
  `| ${cell(task.title)} | ${task.state}${task.reason ? `: ${cell(task.reason)}` : ''} | \`${taskWorkflowId(task.id)}\` |`;

const oneLine = (text: string): string => text.replace(/\s+/g, ' ');
const cell = (text: string): string => oneLine(text).replaceAll('|', '\\|').slice(0, 120);
