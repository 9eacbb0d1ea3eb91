/** docs/failures.md: what a deploy answered for every cause that the tests brought about. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { firstDifference, withoutPassing } from '../transcripts/transcript.ts';

const FILE = resolve(import.meta.dirname, '../../docs/failures.md');
const WRITING = process.env['KATABOT_TRANSCRIPTS'] === 'write';

const introduction = (engine: string) => `# Failures, as they are told

Every answer on this page was given in a test that brought the failure about on a real Docker Engine ${engine}; the tests fail
when an answer changes. \`…\` stands for what is different each time. [When it does not work](troubleshooting.md) says what to
do about each code.

`;

export interface Gallery {
  /** Hangs an answer up under the name of the test that is running. */
  hang(test: string, code: string, said: string): void;
  /**
   * What of the page is not what was answered; '' when all of it is. Where the page was written on another engine (`20.10`),
   * whose words differ, only causes and codes are compared. Writes the page when asked to.
   */
  complaint(engine: string): string;
}

interface Exhibit {
  readonly title: string;
  readonly code: string;
  readonly lines: readonly string[];
}

export function createGallery(): Gallery {
  const exhibits: Exhibit[] = [];
  return {
    hang(test, code, said) {
      if (code.startsWith('share-')) return; // whether a kernel knows file shares differs from host to host
      const title = `${test.slice(0, 1).toUpperCase()}${test.slice(1)}`;
      exhibits.push({
        title,
        code,
        lines: linesOf(lastPart(said, code)).map(withoutPassing).map(withoutHost),
      });
    },
    complaint(engine) {
      if (WRITING) writeFileSync(FILE, pageOf(exhibits, engine));
      const page = readFileSync(FILE, 'utf8');
      if (!page.includes(listOf(exhibits))) return 'the list of docs/failures.md is not that of the tests';
      if (!page.startsWith(introduction(engine))) return '';
      return exhibits.map((exhibit) => complaintOf(page, exhibit)).find(Boolean) ?? '';
    },
  };
}

function complaintOf(page: string, { title, lines }: Exhibit): string {
  const [, shown = ''] = page.split(`\n## ${title}\n\n\`\`\`text\n`);
  const [expected = ''] = shown.split('\n```');
  const difference = firstDifference(expected.split('\n'), lines);
  return difference === undefined ? '' : `docs/failures.md, ${title}: ${difference}\n${lines.join('\n')}`;
}

/** From the line that names the cause; how far a group came before it is told as it happens. */
function lastPart(said: string, code: string): string {
  const lines = said.split('\n');
  const at = lines.findIndex((line) => /^ {2}[✗!] /.test(line) && line.split(' ').includes(code));
  return lines.slice(Math.max(0, at)).join('\n');
}

/** How many processors the host has stands in a document and in what the engine says of it. */
function withoutHost(line: string): string {
  return line
    .replace(/\{cpu: \d+(, memoryInGB: 0\.1\}, limits: \{cpu: )\d+/, '{cpu: …$1…')
    .replace(/(too few processors: ).*/, '$1…');
}

/** A program's two streams come in any order. */
function linesOf(said: string): string[] {
  const lines = said.split('\n').map((line) => line.trimEnd());
  const isPrinted = (line = '') => /^ {2}\S+ +\| /.test(line);
  const blocks: string[][] = [];
  for (const [index, line] of lines.entries()) {
    if (index > 0 && isPrinted(line) && isPrinted(lines[index - 1])) blocks.at(-1)?.push(line);
    else blocks.push([line]);
  }
  return blocks.flatMap((block) => block.sort());
}

function pageOf(exhibits: readonly Exhibit[], engine: string): string {
  const shown = exhibits.map(
    ({ title, lines }) => `## ${title}\n\n\`\`\`text\n${lines.join('\n')}\n\`\`\`\n`,
  );
  return `${introduction(engine)}${listOf(exhibits)}\n${shown.join('\n')}`;
}

function listOf(exhibits: readonly Exhibit[]): string {
  const rows = exhibits.map(({ title, code }) => `| \`${code}\` | [${title}](#${anchorOf(title)}) |\n`);
  return `| code | brought about by |\n| --- | --- |\n${rows.sort().join('')}`;
}

/** As GitHub makes it of a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}
