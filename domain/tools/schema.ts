/** The part of JSON Schema (draft 7) that tool arguments use. */
export type JsonSchema =
  | {
      readonly type: 'object';
      readonly description?: string;
      readonly properties: Readonly<Record<string, JsonSchema>>;
      readonly required: readonly string[];
      readonly additionalProperties: boolean;
    }
  | { readonly type: 'array'; readonly description?: string; readonly items: JsonSchema; readonly maxItems?: number }
  | {
      readonly type: 'string';
      readonly description?: string;
      readonly enum?: readonly string[];
      readonly minLength?: number;
      readonly maxLength?: number;
      readonly pattern?: string;
    }
  | {
      readonly type: 'integer' | 'number';
      readonly description?: string;
      readonly minimum?: number;
      readonly maximum?: number;
    }
  | { readonly type: 'boolean'; readonly description?: string };

export type ObjectSchema = Extract<JsonSchema, { type: 'object' }>;

/** Where a call runs: on the host that holds the tree, or beside the database. */
export type ToolPlace = 'host' | 'store';

export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  readonly input: ObjectSchema;
  readonly where: ToolPlace;
  /** A call that died without a result may simply be repeated. */
  readonly readOnly: boolean;
}

/** Arguments are closed objects: an unknown key is a mistake that the model should hear of. */
export const objectOf = (
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[],
): ObjectSchema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
