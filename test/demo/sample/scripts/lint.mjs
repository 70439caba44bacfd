// House rules: every exported function is documented, nothing is printed, no line ends in white space.
import { readdirSync, readFileSync } from 'node:fs';

const complaints = [];
for (const name of readdirSync('src')) {
  const lines = readFileSync(`src/${name}`, 'utf8').split('\n');
  lines.forEach((line, index) => {
    const at = `src/${name}:${index + 1}`;
    if (/^export (async )?function/.test(line) && !/\*\/$/.test(lines[index - 1] ?? ''))
      complaints.push(`${at}: document the function`);
    if (/console\.log/.test(line) && name !== 'cli.js') complaints.push(`${at}: a library does not print`);
    if (/\s$/.test(line)) complaints.push(`${at}: trailing white space`);
  });
}
for (const complaint of complaints) console.error(complaint);
process.exit(complaints.length > 0 ? 1 : 0);
