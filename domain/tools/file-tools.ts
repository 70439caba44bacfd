import { type JsonSchema, objectOf, type ToolDefinition } from './schema.js';

const path: JsonSchema = {
  type: 'string',
  description: 'Path relative to the root of the working tree, with forward slashes.',
  minLength: 1,
  maxLength: 4096,
};
const glob: JsonSchema = {
  type: 'string',
  description: 'Only paths that match this glob, for example src/**/*.ts.',
  minLength: 1,
  maxLength: 1024,
};

export const READ_FILE = {
  name: 'read_file',
  description: 'Read a text file of the working tree. Long files are cut; use offset and limit to read on.',
  input: objectOf(
    {
      path,
      offset: { type: 'integer', description: 'First line to return, counted from 1.', minimum: 1 },
      limit: { type: 'integer', description: 'Number of lines to return.', minimum: 1, maximum: 10_000 },
    },
    ['path'],
  ),
  where: 'host',
  readOnly: true,
} as const satisfies ToolDefinition;

export const WRITE_FILE = {
  name: 'write_file',
  description: 'Create a file or replace its whole content. Missing directories are made.',
  input: objectOf({ path, content: { type: 'string', description: 'The whole new content.', maxLength: 2_000_000 } }, [
    'path',
    'content',
  ]),
  where: 'host',
  readOnly: false,
} as const satisfies ToolDefinition;

export const EDIT_FILE = {
  name: 'edit_file',
  description: 'Replace an exact piece of text in a file. old_text must occur exactly once unless replace_all is true.',
  input: objectOf(
    {
      path,
      old_text: { type: 'string', description: 'Exact text to replace, white space included.', minLength: 1 },
      new_text: { type: 'string', description: 'Text to put in its place.' },
      replace_all: { type: 'boolean', description: 'Replace every occurrence. Default false.' },
    },
    ['path', 'old_text', 'new_text'],
  ),
  where: 'host',
  readOnly: false,
} as const satisfies ToolDefinition;

export const LIST_FILES = {
  name: 'list_files',
  description: 'List files of the working tree, sorted by path.',
  input: objectOf({ path: { ...path, description: 'Directory to list. Default: the root.' }, glob }, []),
  where: 'host',
  readOnly: true,
} as const satisfies ToolDefinition;

export const SEARCH = {
  name: 'search',
  description: 'Search the text of files by regular expression. Answers path, line number and line.',
  input: objectOf(
    {
      pattern: { type: 'string', description: 'Regular expression.', minLength: 1, maxLength: 1000 },
      path: { ...path, description: 'File or directory to search. Default: the whole tree.' },
      glob,
      max_results: { type: 'integer', description: 'Default 100.', minimum: 1, maximum: 1000 },
    },
    ['pattern'],
  ),
  where: 'host',
  readOnly: true,
} as const satisfies ToolDefinition;

export const RUN_COMMAND = {
  name: 'run_command',
  description: 'Run a shell command in the working tree, in a sandbox without network. Answers exit code and output.',
  input: objectOf(
    {
      command: { type: 'string', description: 'Passed to sh -c.', minLength: 1, maxLength: 20_000 },
      timeout_seconds: { type: 'integer', description: 'Default 120.', minimum: 1, maximum: 1800 },
    },
    ['command'],
  ),
  where: 'host',
  readOnly: false,
} as const satisfies ToolDefinition;
