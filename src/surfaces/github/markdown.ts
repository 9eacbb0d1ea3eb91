import { type Block, plainText } from '../../replies/index.ts';
import { code, fenced, inline } from './escape.ts';

/** What GitHub takes in a comment; a check run's summary takes one character less. */
export const MOST_COMMENT = 65_535;
const LONGEST_LINE = 500;
/** Longer documents are folded away. */
const FOLDED_LINES = 30;
const FEWEST_LINES = 8;

/** A piece that can lose lines from its middle and stays whole. */
interface Piece {
  readonly open: readonly string[];
  readonly lines: readonly string[];
  readonly close: readonly string[];
  /** How the line is written that says what is left out. */
  readonly gap: (count: number) => string;
}

const MARKS = { done: '✔', failed: '✗', warning: '⚠', running: '▸', skipped: '–' } as const;

/**
 * What the bot says as GitHub's Markdown, never longer than `most` characters: what is too long loses lines from the middle
 * of its longest parts, and says so. Pure.
 */
export function drawMarkdown(blocks: readonly Block[], most = MOST_COMMENT): string {
  const pieces = runsOf(blocks.filter(({ kind }) => kind !== 'blank')).map(pieceOf);
  return shortened(pieces, most).map(written).join('\n\n');
}

/** Blocks of one kind that follow one another belong together. */
function runsOf(blocks: readonly Block[]): Block[][] {
  const runs: Block[][] = [];
  for (const block of blocks) {
    const [first] = runs.at(-1) ?? [];
    const joins = first && rowOf(first) && rowOf(first) === rowOf(block);
    if (joins) runs.at(-1)?.push(block);
    else runs.push([block]);
  }
  return runs;
}

function rowOf({ kind }: Block): string | undefined {
  return kind === 'stage' || kind === 'field' ? 'list' : kind === 'log' ? 'log' : undefined;
}

function pieceOf(run: readonly Block[]): Piece {
  const [first] = run;
  switch (first?.kind) {
    case 'stage':
    case 'field':
      return listOf(run);
    case 'log':
      return fence(run.map((block) => (block.kind === 'log' ? `${block.source} | ${block.text}` : '')));
    case 'table':
      return tableOf(first);
    case 'verbatim':
      return folded(fence(first.text.replace(/\n$/, '').split('\n')));
    case 'problem':
      return problemOf(first);
    case 'heading':
      return plain([`#### ${inline(first.text)}`]);
    case 'text':
      return plain([inline(first.text.trim(), LONGEST_LINE)]);
    default:
      return plain([]);
  }
}

function listOf(run: readonly Block[]): Piece {
  const lines = run.map((block) => {
    if (block.kind === 'field') return `- **${inline(block.label)}** ${inline(block.text, LONGEST_LINE)}`;
    if (block.kind !== 'stage') return '';
    const took = block.tookMs === undefined ? '' : ` · ${(block.tookMs / 1000).toFixed(2)} s`;
    return `- ${MARKS[block.mark]} **${inline(block.label)}** ${inline(block.text, LONGEST_LINE)}${took}`;
  });
  return { ...plain(lines), gap: (count) => `- … ${count} lines are left out …` };
}

function tableOf({ columns, rows }: Extract<Block, { kind: 'table' }>): Piece {
  const row = (cells: readonly string[]) =>
    `| ${cells.map((cell) => inline(cell, LONGEST_LINE)).join(' | ')} |`;
  return {
    open: [row(columns), `|${' --- |'.repeat(columns.length)}`],
    lines: rows.map((cells) => row(columns.map((_, index) => cells[index] ?? ''))),
    close: [],
    gap: (count) => `| … ${count} rows are left out …${' |'.repeat(columns.length)}`,
  };
}

function problemOf({ problem, excerpt }: Extract<Block, { kind: 'problem' }>): Piece {
  const { file, line, column, severity, message, advice } = problem;
  const mark = MARKS[severity === 'error' ? 'failed' : 'warning'];
  const shown = fence(excerpt.split('\n'), 'yaml');
  return {
    ...shown,
    open: [
      `${mark} ${code(`${file}:${line}:${column}`)} ${inline(message, LONGEST_LINE)}`,
      '',
      ...shown.open,
    ],
    close: [...shown.close, ...(advice ? ['', `→ ${inline(advice, LONGEST_LINE)}`] : [])],
  };
}

function fence(lines: readonly string[], language?: string): Piece {
  const safe = lines.map((line) => plainText(line, LONGEST_LINE));
  const { open, close } = fenced(safe, language);
  return { open: [open], lines: safe, close: [close], gap: (count) => `… ${count} lines are left out …` };
}

function folded(piece: Piece): Piece {
  if (piece.lines.length <= FOLDED_LINES) return piece;
  return {
    ...piece,
    open: ['<details><summary>show</summary>', '', ...piece.open],
    close: [...piece.close, '', '</details>'],
  };
}

function plain(lines: readonly string[]): Piece {
  return { open: [], lines, close: [], gap: (count) => `… ${count} lines are left out …` };
}

/** Takes lines from the longest pieces until all of them fit; then whole pieces from the middle. */
function shortened(pieces: readonly Piece[], most: number): Piece[] {
  const shown = pieces.filter(({ lines, open }) => lines.length + open.length > 0);
  for (;;) {
    const tooMuch = lengthOf(shown) - most;
    if (tooMuch <= 0) return shown;
    const longest = shown.reduce(
      (best, each) => (lengthOf([each]) > lengthOf([best]) ? each : best),
      plain([]),
    );
    const at = shown.indexOf(longest);
    if (at >= 0 && longest.lines.length > FEWEST_LINES) shown[at] = withoutMiddle(longest, tooMuch);
    else {
      shown.splice(Math.floor(shown.length / 2), 1);
      if (shown.length === 0) return [plain(['… too long to be shown …'])];
    }
  }
}

/** Leaves out some lines of the middle, a few more than would be needed. */
function withoutMiddle(piece: Piece, tooMuch: number): Piece {
  const at = Math.floor(FEWEST_LINES / 2);
  const most = piece.lines.length - FEWEST_LINES + 1;
  let [dropped, freed] = [0, 0];
  while (dropped < most && freed < tooMuch + 100) freed += (piece.lines[at + dropped++]?.length ?? 0) + 1;
  return {
    ...piece,
    lines: [...piece.lines.slice(0, at), piece.gap(dropped), ...piece.lines.slice(at + dropped)],
  };
}

function lengthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + written(piece).length + 2, 0);
}

function written({ open, lines, close }: Piece): string {
  return [...open, ...lines, ...close].join('\n');
}
