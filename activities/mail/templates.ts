import { RED_REMEDY } from '../../domain/merge/texts.js';
import { type NoRoom, noRoomWords } from '../../domain/waiting-words.js';
import type { MailTemplate } from '../../workflows/contract/activities/mail.js';

export interface MailText {
  readonly subject: string;
  readonly body: string;
  readonly kind: 'message' | 'question' | 'approval' | 'escalation' | 'notification';
}

const list = (items: readonly string[]): string => items.map((item) => `- ${item}`).join('\n');

/** Every text that a workflow sends, in one place: one case per template. */
export function mailText(template: MailTemplate): MailText {
  switch (template.kind) {
    case 'checks_exhausted':
      return {
        kind: 'question',
        subject: `Required checks are still red after ${template.rounds} rounds`,
        body: `The task could not make these checks green:\n${list(template.checks)}\n\nAnswer with what the worker should do differently; it then tries again with your answer. Or cancel the task.${
          template.logRef ? `\n\nLog: ${template.logRef}` : ''
        }`,
      };
    case 'rebase_exhausted':
      return {
        kind: 'escalation',
        subject: `The change still conflicts with its target after ${template.rounds} rebase rounds`,
        body: `Files in conflict:\n${list(template.files)}\n\nAnswer with how to resolve it and the worker tries once more, or cancel the task.`,
      };
    case 'entry_ejected':
      return {
        kind: 'question',
        subject: `The merge queue took the pull request out: ${template.reason}`,
        body: `${template.next}\n\nAnswer with what the worker should do, or cancel the task.`,
      };
    case 'run_stopped':
      return {
        kind: 'notification',
        subject: `The run was stopped by ${template.by}`,
        body: 'Everything it did until then is sealed. Resume the task to go on, or cancel it.',
      };
    case 'run_blocked':
      return {
        kind: 'question',
        subject: 'The worker cannot go on',
        body: `It says:\n\n${template.reason}\n\nAnswer and it goes on with your words, or cancel the task.`,
      };
    case 'epic_stuck': {
      const resume = `millwright epic resume ${template.epicId}`;
      return {
        kind: 'escalation',
        subject: 'The epic cannot go on',
        body: `What keeps it:\n\n${template.reason}\n\n${
          template.triesAgain
            ? `It tries again by itself, ever later. Once this is mended, \`${resume}\` has it try at once.`
            : `Mend this, then \`${resume}\`: nothing else sets it going again.`
        } Or \`millwright epic cancel ${template.epicId}\`.`,
      };
    }
    case 'supervision_failed':
      return {
        kind: 'escalation',
        subject: 'The supervisor of the epic cannot answer its mail',
        body: `It says:\n\n${template.reason}\n\nWhat waits for an answer is in your inbox now: \`millwright mail --waiting\`.`,
      };
    case 'attempts_exhausted':
      return {
        kind: 'escalation',
        subject: `The task failed after ${template.attempts} attempts`,
        body: `The last reason: ${template.reason}\n\nRetry the task to begin again from the last checkpoint, or cancel it.`,
      };
    case 'budget_reached':
      return {
        kind: 'question',
        subject: `The ${template.scope} has reached its limit of ${template.what}`,
        body: `Spent: ${template.spent} of ${template.limit}. Nothing more is bought until you answer or resume the run; either grants the same amount once more.`,
      };
    case 'plan_waits':
      return {
        kind: 'approval',
        subject: `Plan version ${template.planVersion} waits for your approval`,
        body: 'Read the plan, edit it if it needs to be, and approve it. Nothing runs before.',
      };
    case 'plan_failed':
      return {
        kind: 'escalation',
        subject: 'Planning ended without a usable plan',
        body: `What is wrong with it:\n${list(template.errors)}\n\nGive a plan yourself, resume the epic for another try, or cancel it.`,
      };
    case 'plan_wanted':
      return {
        kind: 'question',
        subject: 'The epic waits for its plan',
        body: 'It was filed with planner `given`. Put the plan and it goes on by itself.',
      };
    case 'tasks_failed':
      return {
        kind: 'escalation',
        subject: `${template.titles.length} task${template.titles.length === 1 ? '' : 's'} failed and the epic waits for you`,
        body: `${list(template.titles)}\n\nRetry them, or cancel those that are not needed: what depends on them is then skipped.`,
      };
    case 'epic_waits_for_landing':
      return {
        kind: 'approval',
        subject: `Pull request #${template.prNumber} of the epic is ready to land`,
        body: 'Every task has landed on the epic branch. Land the epic when you have looked at it.',
      };
    case 'epic_completed':
      return {
        kind: 'notification',
        subject: `The epic is complete: ${template.landed} task${template.landed === 1 ? '' : 's'} landed`,
        body: 'Its branch is merged and cleaned up.',
      };
    case 'no_host':
      return {
        kind: 'escalation',
        subject: 'No worker host has taken this work for an hour',
        body: '`millwright doctor` says what is missing where a worker runs. Mend it, or start another worker; then answer this mail or resume the task, and it goes on.',
      };
    case 'lane_incident':
      return {
        kind: 'escalation',
        subject: `The merge queue of ${template.branch} stands still: ${template.reason}`,
        body: template.isRedBase
          ? `Nothing else lands, and nobody is blamed, until the branch passes its own checks again. ${RED_REMEDY}`
          : 'Nothing lands until you have looked at the branch and opened the lane again.',
      };
  }
}

/** To the admins, once for each time that a disk fills up. */
export const fullDiskText = (room: NoRoom): MailText => ({
  kind: 'escalation',
  subject: `The disk of ${room.host} is nearly full: no new work begins there`,
  body: `What waits there waits for ${noRoomWords(room)}. It goes on by itself once there is room: free some there, or start a worker on another machine. What is under way goes on.`,
});

/** To the admins, when an agent is not started again. */
export const crashLoopText = (name: string): MailText => ({
  kind: 'escalation',
  subject: `The agent ${name} crashed three times in a row`,
  body: `No run of it is started until you clear it: millwright agents clear ${name}. Its last runs say why. Work that needed it waits, and is to be resumed then.`,
});
