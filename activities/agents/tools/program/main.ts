import * as fs from 'node:fs';
import { explain, type FileAnswer, type FileLimits, type FileRequest } from './answer.js';
import { readFileTool } from './read-file.js';
import { listFilesTool, searchTool } from './walk.js';
import { editFileTool, writeFileTool } from './write-file.js';

/** One request on stdin, one answer on stdout. */
export function main(): void {
  fs.writeSync(1, answer(fs.readFileSync(0, 'utf8')));
}

/** What the exec server of a session asks this module, in place of a process that runs `main`. */
export function answer(input: string): string {
  const { request, limits } = JSON.parse(input) as { request: FileRequest; limits: FileLimits };
  try {
    return JSON.stringify(perform(request, limits));
  } catch (error) {
    return JSON.stringify(explain(error, request.path === '' ? 'The root' : request.path));
  }
}

export function perform(request: FileRequest, limits: FileLimits): FileAnswer {
  switch (request.tool) {
    case 'read_file':
      return readFileTool(request, limits);
    case 'write_file':
      return writeFileTool(request, limits);
    case 'edit_file':
      return editFileTool(request, limits);
    case 'list_files':
      return listFilesTool(request, limits);
    case 'search':
      return searchTool(request, limits);
  }
}
