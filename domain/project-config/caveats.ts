/**
 * What an admin has switched off or allowed for a project, in sentences that every surface repeats. They follow from
 * the overrides alone: none of these keys counts in the repository's file.
 */
export const caveatsOf = (overrides: Readonly<Record<string, unknown>>): readonly string[] => [
  ...(overrides.sandbox === 'none'
    ? ['sandbox: none: agents, checks and setup run UNPROTECTED on this host, as an admin allowed']
    : []),
  ...(overrides.checks === 'none' ? ['checks: none: NOTHING IS CHECKED before it lands, as an admin allowed'] : []),
  ...(overrides.setupNetwork === true ? ['setup may reach the network, in a sandbox without secrets'] : []),
];
