import { existsSync, statSync } from 'node:fs';
import type { Config } from '../../config.js';
import { findBarrier } from '../home.js';
import { type Check, failed, passed } from './check.js';

const REMEDY = 'Correct it in host.yml, or mend the file, and start Millwright again: the file is read at the start.';

/** What the host offers, and whether the programs that are agents are there for whoever runs them. */
export const checkHostFile = ({ layout, host, users }: Config): Check => {
  for (const agent of host.agents) {
    if (agent.backend !== 'command') continue;
    const [program = ''] = agent.argv;
    // Any other is looked for in the sandbox: on PATH, or in the tree at /src.
    const isOfHost = program.startsWith('/') && !program.startsWith('/src/');
    for (const path of [...(isOfHost ? [program] : []), ...agent.readOnly]) {
      const why = whyNotReached(path, users?.serviceUid);
      if (why !== undefined) return failed('host.yml', `${path} of the agent ${agent.name} ${why}`, REMEDY);
    }
    if (isOfHost && (statSync(program).mode & 0o111) === 0)
      return failed('host.yml', `${program} of the agent ${agent.name} is not executable`, REMEDY);
  }
  const parts = [
    `${host.agents.length} agents`,
    `${host.toolchains.length} toolchains`,
    `${Object.keys(host.prices).length} prices`,
  ];
  return passed('host.yml', existsSync(layout.hostFile) ? parts.join(', ') : 'absent, which is fine');
};

const whyNotReached = (path: string, serviceUid: number | undefined): string | undefined => {
  if (!existsSync(path)) return 'does not exist';
  const barrier = serviceUid === undefined ? undefined : findBarrier(path, serviceUid);
  return barrier && `cannot be reached: user ${serviceUid}, which sandboxes run as, cannot pass ${barrier}`;
};
