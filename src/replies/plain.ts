import type { Block, Mark } from './document.ts';

export interface Drawing {
  /** Whether a person looks at a terminal; never in a pipe or a push. */
  readonly colour: boolean;
}

const MARKS: Readonly<Record<Mark, string>> = {
  done: '✔',
  failed: '✗',
  warning: '!',
  running: '▸',
  skipped: '–',
};
const COLOURS: Readonly<Record<Mark | 'dim' | 'bold', string>> = {
  done: '32',
  failed: '31',
  warning: '33',
  running: '36',
  skipped: '2',
  dim: '2',
  bold: '1',
};
const LABEL_WIDTH = 21;
const TEXT_WIDTH = 38;
const LONGEST_LINE = 400;
/** A file may hold long lines; it is no use cut. */
const LONGEST_VERBATIM_LINE = 1_048_576;

/** A block as lines of plain text: what a push and the command line show. */
export function drawPlain(block: Block, { colour }: Drawing = { colour: false }): string[] {
  const paint = (name: Mark | 'dim' | 'bold', text: string) =>
    colour ? `\u001b[${COLOURS[name]}m${text}\u001b[0m` : text;
  switch (block.kind) {
    case 'heading':
      return [paint('bold', plainText(block.text))];
    case 'stage': {
      const text = plainText(block.text);
      const took =
        block.tookMs === undefined
          ? ''
          : `${' '.repeat(Math.max(1, TEXT_WIDTH - text.length))}${seconds(block.tookMs)}`;
      return [
        `  ${paint(block.mark, MARKS[block.mark])} ${plainText(block.label).padEnd(LABEL_WIDTH)} ${text}${paint('dim', took)}`,
      ];
    }
    case 'field':
      return [`  ${block.label.padEnd(8)} : ${plainText(block.text)}`];
    case 'log':
      return [
        `  ${paint('dim', `${plainText(block.source).padEnd(8)} |`)} ${plainText(block.text, LONGEST_LINE)}`,
      ];
    case 'problem':
      return drawProblem(block, paint);
    case 'table':
      return drawTable(block.columns, block.rows, paint);
    case 'text':
      return [plainText(block.text, LONGEST_LINE)];
    case 'verbatim':
      return block.text
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => plainText(line, LONGEST_VERBATIM_LINE));
    case 'blank':
      return [''];
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function drawProblem(
  { problem, excerpt }: Extract<Block, { kind: 'problem' }>,
  paint: (name: Mark, text: string) => string,
): string[] {
  const { file, line, column, severity, code, message, advice } = problem;
  const mark = severity === 'error' ? 'failed' : 'warning';
  return [
    `  ${paint(mark, MARKS[mark])} ${plainText(file)}:${line}:${column} ${severity} ${code}`,
    `    ${plainText(message, LONGEST_LINE)}`,
    ...excerpt.split('\n').map((each) => `    ${plainText(each, LONGEST_LINE)}`),
    ...(advice ? [`    → ${plainText(advice, LONGEST_LINE)}`] : []),
  ];
}

function drawTable(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  paint: (name: 'dim', text: string) => string,
): string[] {
  const cells = [columns, ...rows].map((row) => row.map((cell) => plainText(cell)));
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  const lines = cells.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ')}`.trimEnd(),
  );
  return lines.map((line, index) => (index === 0 ? paint('dim', line) : line));
}

// Escape sequences of terminals, then every control character that is left, then characters that turn the direction of text.
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must go
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-_])|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]|[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** Text from outside as it may be shown: one line, no escape sequences, nothing that hides or turns what stands there. */
export function plainText(text: string, longest = 2_000): string {
  const safe = text.replace(/\t/g, '  ').replace(UNSAFE, '').replace(/\n/g, ' ');
  return safe.length <= longest ? safe : `${safe.slice(0, longest - 1)}…`;
}
