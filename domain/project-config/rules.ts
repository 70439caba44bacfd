import type { CheckAsWritten, ConfigFile } from './types.js';

interface Finding {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What no schema can say: names that are unique, needs that exist and do not turn in a circle. */
export const checkRules = (file: Partial<ConfigFile>): readonly Finding[] => {
  const checks = file.checks ?? [];
  return [
    ...repeatedNames(checks),
    ...unknownNeeds(checks),
    ...circles(checks),
    ...rerunsWithoutTests(checks),
    ...overlappingOutputs(file),
  ];
};

const repeatedNames = (checks: readonly CheckAsWritten[]): readonly Finding[] =>
  checks.flatMap(({ name }, index) =>
    checks.findIndex((check) => check.name === name) < index
      ? [{ path: ['checks', index, 'name'], message: `repeats the name ${name}` }]
      : [],
  );

const unknownNeeds = (checks: readonly CheckAsWritten[]): readonly Finding[] => {
  const names = new Set(checks.map(({ name }) => name));
  return checks.flatMap(({ needs = [] }, check) =>
    needs.flatMap((need, index) =>
      names.has(need) ? [] : [{ path: ['checks', check, 'needs', index], message: `names no check: ${need}` }],
    ),
  );
};

/** Takes away what needs nothing that is left, until nothing can be taken: the rest turns in a circle. */
const circles = (checks: readonly CheckAsWritten[]): readonly Finding[] => {
  let left = checks.map(({ name, needs = [] }, index) => ({ name, needs, index }));
  for (;;) {
    const names = new Set(left.map(({ name }) => name));
    const rest = left.filter(({ needs }) => needs.some((need) => names.has(need)));
    if (rest.length === left.length) break;
    left = rest;
  }
  const [first] = left;
  if (first === undefined) return [];
  return [
    { path: ['checks', first.index, 'needs'], message: `turn in a circle: ${left.map(({ name }) => name).join(', ')}` },
  ];
};

const rerunsWithoutTests = (checks: readonly CheckAsWritten[]): readonly Finding[] =>
  checks.flatMap(({ rerun }, index) =>
    rerun === undefined || rerun.includes('{tests}')
      ? []
      : [{ path: ['checks', index, 'rerun'], message: 'must contain {tests}, where the failed tests are put' }],
  );

const overlappingOutputs = ({ setup }: Partial<ConfigFile>): readonly Finding[] => {
  const outputs = setup?.outputs ?? [];
  return outputs.flatMap((output, index) =>
    outputs.some((other, at) => at !== index && (output === other ? at < index : output.startsWith(`${other}/`)))
      ? [{ path: ['setup', 'outputs', index], message: 'lies in another output' }]
      : [],
  );
};
