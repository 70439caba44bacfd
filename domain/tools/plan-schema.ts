import { type JsonSchema, objectOf } from './schema.js';

const texts = (description: string): JsonSchema => ({
  type: 'array',
  description,
  items: { type: 'string', maxLength: 1000 },
  maxItems: 100,
});

const DEPENDENCY = objectOf(
  {
    key: { type: 'string', description: 'Key of the task that this one waits for.' },
    type: {
      type: 'string',
      description: 'finish_to_start (default): it has landed. start_to_start: it has started.',
      enum: ['finish_to_start', 'start_to_start'],
    },
    required: { type: 'boolean', description: 'Default true: if it fails, this task is skipped.' },
  },
  ['key'],
);

/** Shape only; the graph is judged by the plan rules. */
const TASK = objectOf(
  {
    key: { type: 'string', description: 'Short name, [a-z0-9][a-z0-9-]*, unique in the plan.', maxLength: 40 },
    title: { type: 'string', minLength: 1, maxLength: 200 },
    description: { type: 'string', description: 'All that the worker needs to know.', maxLength: 20_000 },
    kind: { type: 'string', maxLength: 40 },
    acceptance: texts('Commands or statements that are true when the task is done.'),
    capabilities: texts('Capabilities that the worker needs.'),
    technologies: texts('Technologies that the task touches.'),
    predictedFiles: texts('Files that will probably change.'),
    priority: { type: 'integer', minimum: 1, maximum: 5 },
    estimate: objectOf(
      {
        optimistic: { type: 'number', minimum: 0 },
        likely: { type: 'number', minimum: 0 },
        pessimistic: { type: 'number', minimum: 0 },
        confidence: { type: 'number', minimum: 0, maximum: 1 },
      },
      ['likely'],
    ),
    dependsOn: { type: 'array', items: DEPENDENCY, maxItems: 200 },
  },
  ['key', 'title', 'description'],
);

export const PLAN_SCHEMA = objectOf(
  {
    design: { type: 'string', description: 'The approach, in Markdown.', maxLength: 100_000 },
    tasks: { type: 'array', items: TASK, maxItems: 200 },
  },
  ['tasks'],
);
