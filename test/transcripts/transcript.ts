/**
 * A page that is read by people and run by the tests. Three kinds of block mean something:
 *
 *   ```yaml containergroup.yaml    writes that file into the page's folder
 *   ```console                     `$ command` lines with what they print; `[exit 1]` ends one that fails
 *   ```text                        and all others are for people alone
 *
 * `# elsewhere: command` among the lines of a console is said in another one, as soon as something was printed.
 * In what is printed, `…` stands for any text within a line, and a line of `…` alone for any lines.
 */

export type Part =
  | { kind: 'file'; path: string; text: string }
  | {
      kind: 'command';
      line: string;
      words: readonly string[];
      into: string;
      from: string;
      head: number;
      expected: readonly string[];
      /** What is said elsewhere meanwhile; nothing, for most. */
      elsewhere: readonly string[];
      exit: number;
      at: number;
    };

const ELSEWHERE = '# elsewhere: ';

/** The parts of a page in their order. */
export function partsOf(page: string): Part[] {
  const parts: Part[] = [];
  const lines = page.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const [, kind = '', name = ''] = /^```(\w+) ?(\S*)$/.exec(lines[at] ?? '') ?? [];
    if (!kind) continue;
    const end = lines.indexOf('```', at + 1);
    if (end < 0) throw new Error(`line ${at + 1}: the block has no end`);
    const block = lines.slice(at + 1, end);
    if (kind === 'console') parts.push(...commandsOf(block, at + 2));
    else if (name) parts.push({ kind: 'file', path: name, text: `${block.join('\n')}\n` });
    at = end;
  }
  return parts;
}

function commandsOf(block: readonly string[], firstLine: number): Part[] {
  const starts = block.flatMap((line, index) => (line.startsWith('$ ') ? [index] : []));
  return starts.map((start, index) => {
    const line = (block[start] ?? '').slice(2);
    const below = block.slice(start + 1, starts[index + 1] ?? block.length);
    const said = below.filter((each) => !each.startsWith(ELSEWHERE));
    const elsewhere = below.find((each) => each.startsWith(ELSEWHERE))?.slice(ELSEWHERE.length) ?? '';
    const last = /^\[exit (\d+)\]$/.exec(said.at(-1) ?? '');
    const [unpiped = '', head = ''] = line.split(/ \| head -n (?=\d+$)/);
    const [rest = '', into = ''] = unpiped.split(/ > (?=\S+$)/);
    const [command = '', from = ''] = rest.split(/ < (?=\S+$)/);
    return {
      kind: 'command',
      line,
      words: wordsOf(command),
      into,
      from,
      head: head ? Number(head) : Number.POSITIVE_INFINITY,
      elsewhere: wordsOf(elsewhere),
      expected: last ? said.slice(0, -1) : said,
      exit: Number(last?.[1] ?? 0),
      at: firstLine + start,
    };
  });
}

/** Words as a shell would take them, as far as these pages need one. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  );
}

/** Whether lines are what a page expects; if not, the first line that is not. */
export function firstDifference(expected: readonly string[], actual: readonly string[]): string | undefined {
  if (matches(expected, actual)) return undefined;
  for (let count = expected.length; count > 0; count--) {
    if (actual.some((_, end) => matches(expected.slice(0, count), actual.slice(0, end + 1)))) {
      return `after "${expected[count - 1]}" expected "${expected[count] ?? '(nothing more)'}"`;
    }
  }
  return `expected "${expected[0] ?? '(nothing)'}"`;
}

function matches(expected: readonly string[], actual: readonly string[]): boolean {
  const [first, ...rest] = expected;
  if (first === undefined) return actual.length === 0;
  if (first.trim() === '…')
    return actual.some((_, skipped) => matches(rest, actual.slice(skipped))) || matches(rest, []);
  const [line, ...others] = actual;
  return line !== undefined && patternOf(first).test(line) && matches(rest, others);
}

function patternOf(line: string): RegExp {
  // What is drawn in columns gets as many blanks as it needs; how many is not the page's subject.
  const escaped = line
    .trimEnd()
    .split('…')
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replace(/ {2,}/g, ' +'));
  return new RegExp(`^${escaped.join('.*')}\\s*$`);
}

/** What is different at every run, as `…`: for writing a page anew from what was really printed. */
export function withoutPassing(line: string): string {
  return line
    .replace(/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?( UTC)?/g, '…')
    .replace(/\b\d+\.\d+ (s|GB|MiB)\b|\b\d+ m \d\d s\b/g, '…')
    .replace(/\b\d+ ms\b/g, '…')
    .replace(/\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}\b/g, '…')
    .replace(/\$0\.\d{5,}\b(?! \/s)/g, '…')
    .replace(/(?<![\d$.])\d+\.\d{3}\b/g, '…')
    .replace(/kata_[\w-]+/g, 'kata_…')
    .replace(/\b\d+ rows/g, '… rows')
    .replace(/differs by -?…/g, 'differs by …')
    .replace(/\bop-[a-z0-9]+/g, 'op-…')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:…')
    .replace(/localhost:\d+/g, 'localhost:…')
    .replace(/…(?:\s*…)+/g, '…');
}
