import type { ConfigNode, ObjectNode } from './nodes.js';
import { FILE_SCHEMA } from './schema.js';

type Json = Readonly<Record<string, unknown>>;

/** The JSON Schema that editors use for `millwright.yml`. What this version refuses is not offered. */
export const fileJsonSchema = (): Json => ({
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'millwright.yml',
  ...schemaOf(FILE_SCHEMA),
});

const schemaOf = (node: ConfigNode): Json => ({
  ...(node.about === undefined ? {} : { description: node.about }),
  ...bodyOf(node),
});

const bodyOf = (node: ConfigNode): Json => {
  switch (node.kind) {
    case 'text':
      return {
        type: 'string',
        ...(node.maxLength === undefined ? {} : { maxLength: node.maxLength }),
        ...(node.pattern === undefined ? {} : { pattern: node.pattern.source }),
      };
    case 'whole':
    case 'number':
      return { type: node.kind === 'whole' ? 'integer' : 'number', minimum: node.min, maximum: node.max };
    case 'flag':
      return { type: 'boolean' };
    case 'oneOf':
      return { enum: node.values };
    case 'only':
      return { const: node.value };
    case 'list':
      return { type: 'array', items: schemaOf(node.of), minItems: node.min ?? 0, maxItems: node.max };
    case 'oneOrMore':
      return {
        anyOf: [schemaOf(node.of), { type: 'array', items: schemaOf(node.of), minItems: 1, maxItems: node.max }],
      };
    case 'object':
      return objectOf(node);
    case 'later':
    case 'adminOnly':
      return { not: {} };
  }
};

const objectOf = ({ fields, required }: ObjectNode): Json => ({
  type: 'object',
  properties: Object.fromEntries(
    Object.entries(fields)
      .filter(([, field]) => field.kind !== 'later' && field.kind !== 'adminOnly')
      .map(([name, field]) => [name, schemaOf(field)]),
  ),
  ...(required === undefined ? {} : { required }),
  additionalProperties: false,
});
