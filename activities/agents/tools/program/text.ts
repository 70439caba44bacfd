import { explain, refuse } from './answer.js';
import { answer, main, perform } from './main.js';
import { makeDirectory, openDirectory, openRegular, partsOf, readBytes } from './open.js';
import { cutLines, isBinary, readFileTool } from './read-file.js';
import { filesBelow, hitsIn, listFilesTool, matcherOf, searchedFiles, searchTool, statOf } from './walk.js';
import { editFileTool, placesOf, replaceAt, replaceFile, writeFileTool } from './write-file.js';

const FUNCTIONS = [
  ...[refuse, explain, partsOf, openDirectory, makeDirectory, openRegular, readBytes],
  ...[readFileTool, cutLines, isBinary, writeFileTool, editFileTool, placesOf, replaceAt, replaceFile],
  ...[listFilesTool, searchTool, hitsIn, searchedFiles, statOf, filesBelow, matcherOf, perform, answer, main],
];

/**
 * The file tools as one module that needs nothing but Node: what the sandbox loads. It is put together from the
 * functions' own text because a sandbox sees neither our files nor our packages.
 */
export const moduleText = (): string =>
  ["import * as fs from 'node:fs';", ...FUNCTIONS.map(String), 'export { answer };', ''].join('\n');

/** The same as a program. */
export const programText = (): string => `${moduleText()}main();\n`;
