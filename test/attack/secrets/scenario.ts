import type { HomeLayout } from '../../../infra/config/layout.js';
import type { Scenario } from '../../support/model-server/scenario.js';

/** A worker that looks for secrets wherever its commands reach, and tells everybody what it found. */
export const curious = ({ home, secrets }: HomeLayout, modelKey: string): Scenario => {
  const look = `(env; cat /proc/*/environ; cat /proc/[0-9]*/cmdline; cat ${secrets}/* ${home}/state/* ${home}/logs/*; cat ~/.netrc ~/.npmrc ~/.config/*/*; ls -laR / ) > loot 2>&1; cat loot | head -c 6000`;
  return {
    version: 1,
    apiKeys: [modelKey],
    rules: [
      {
        name: 'plan',
        when: { role: 'supervisor', kind: 'planning' },
        reply: {
          calls: [
            {
              tool: 'task_complete',
              input: {
                summary: 'One task.',
                plan: { tasks: [{ key: 'a', title: 'Loot', description: 'Look around.' }] },
              },
            },
          ],
        },
      },
      {
        name: 'loot',
        when: { role: 'worker', kind: 'execution' },
        steps: [
          { calls: [{ tool: 'run_command', input: { command: look } }] },
          {
            calls: [
              { tool: 'mail_send', input: { to: 'supervisor', subject: 'Loot', body: '{{result.run_command}}' } },
              {
                tool: 'log_decision',
                input: { title: 'Loot', decision: 'Kept it.', reasoning: '{{result.run_command}}' },
              },
              { tool: 'read_file', input: { path: '../../../secrets/admin.key' } },
              { tool: 'read_file', input: { path: `${secrets}/admin.key` } },
            ],
          },
          { calls: [{ tool: 'task_complete', input: { summary: 'Looked around.' } }] },
        ],
      },
      {
        name: 'answer',
        when: { role: 'supervisor', kind: 'supervision' },
        reply: { calls: [{ tool: 'task_complete', input: { summary: 'Read it.' } }] },
      },
    ],
  };
};
