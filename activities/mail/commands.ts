import type { MailTemplate, SendMailInput } from '../../workflows/contract/activities/mail.js';

type Act = 'resume' | 'retry' | 'cancel' | 'plan' | 'approve' | 'land';

/** What a person can do about a mail that no answer settles, with the files it wants. */
const ACTS: { readonly [kind in MailTemplate['kind']]?: readonly (readonly ['task' | 'epic', Act, string?])[] } = {
  run_stopped: [
    ['task', 'resume'],
    ['task', 'cancel'],
  ],
  attempts_exhausted: [
    ['task', 'retry'],
    ['task', 'cancel'],
  ],
  no_host: [['task', 'resume']],
  tasks_failed: [
    ['epic', 'retry'],
    ['epic', 'cancel'],
  ],
  plan_waits: [
    ['epic', 'plan'],
    ['epic', 'approve'],
  ],
  plan_failed: [
    ['epic', 'plan', 'plan.yml'],
    ['epic', 'resume'],
    ['epic', 'cancel'],
  ],
  plan_wanted: [['epic', 'plan', 'plan.yml']],
  epic_waits_for_landing: [['epic', 'land']],
};

/** The commands for what a mail asks, ready to be copied; empty where an answer is what helps. */
export const mailCommands = ({ template, epicId, taskId }: SendMailInput): readonly string[] => {
  const ids = { epic: epicId, task: taskId };
  return (ACTS[template.kind] ?? []).flatMap(([what, act, file]) => {
    const id = ids[what];
    return id === undefined ? [] : [['millwright', what, act, id, ...(file === undefined ? [] : [file])].join(' ')];
  });
};
