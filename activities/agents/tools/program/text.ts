import { explain, refuse } from './answer.js';
import { main, perform } from './main.js';
import { makeDirectory, openDirectory, openRegular, partsOf, readBytes } from './open.js';
import { cutLines, isBinary, readFileTool } from './read-file.js';
import { filesBelow, hitsIn, listFilesTool, matcherOf, searchedFiles, searchTool } from './walk.js';
import { editFileTool, placesOf, replaceAt, replaceFile, writeFileTool } from './write-file.js';

const FUNCTIONS = [
  ...[refuse, explain, partsOf, openDirectory, makeDirectory, openRegular, readBytes],
  ...[readFileTool, cutLines, isBinary, writeFileTool, editFileTool, placesOf, replaceAt, replaceFile],
  ...[listFilesTool, searchTool, hitsIn, searchedFiles, filesBelow, matcherOf, perform, main],
];

/**
 * The file tools as one module that needs nothing but Node: what the sandbox runs. It is put together from the
 * functions' own text because a sandbox sees neither our files nor our packages.
 */
export const programText = (): string =>
  ["import * as fs from 'node:fs';", ...FUNCTIONS.map(String), 'main();', ''].join('\n');
