import { expect, test } from '@jest/globals';
import { type AgentRole, lookUpTool, TOOLS, toolsFor } from '../../../domain/tools/catalogue.js';
import { toolTitle } from '../../../domain/tools/title.js';

const names = (role: AgentRole) => toolsFor(role, 'execution').map((tool) => tool.name);

test('a worker may call every tool, everyone else only what changes no file', () => {
  expect(names('worker')).toEqual(TOOLS.map((tool) => tool.name));
  for (const role of ['supervisor', 'reviewer', 'orchestrator', 'droid'] as const) {
    for (const tool of toolsFor(role, 'planning')) expect(tool.where === 'host' && !tool.readOnly).toBe(false);
  }
});

test('a tool of another role is denied, a name of no tool is unknown', () => {
  expect(lookUpTool('supervisor', 'supervision', 'write_file').kind).toBe('denied');
  expect(lookUpTool('worker', 'execution', 'format_disk').kind).toBe('unknown');
  expect(lookUpTool('worker', 'execution', 'toString').kind).toBe('unknown');
});

test('planning ends with a plan, every other kind with a summary', () => {
  const required = (kind: 'planning' | 'execution') =>
    toolsFor('supervisor', kind).find((tool) => tool.name === 'task_complete')?.input.required;
  expect(required('planning')).toEqual(['summary', 'plan']);
  expect(required('execution')).toEqual(['summary']);
});

test('the title of a call names the tool and its most telling argument on one short line', () => {
  expect(toolTitle('run_command', { command: 'npm test\n -- --all' })).toBe('run_command: npm test -- --all');
  expect(toolTitle('task_block', null)).toBe('task_block');
  expect(toolTitle('search', { pattern: 'x'.repeat(500) })).toHaveLength(120);
});
