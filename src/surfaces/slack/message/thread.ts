import type { KnownBlock, RichTextElement, TableBlock } from '@slack/types';
import { type Block, drawPlain } from '../../../replies/index.ts';
import { bold, code, own, paragraph, preformatted, rich } from './elements.ts';
import { lengthOf, MOST_ANSWER, MOST_BLOCKS, type SlackMessage } from './limits.ts';
import { harmless, sentence } from './text.ts';

/** An answer in a thread; what does not fit into a message goes along as a file that holds all of it. */
export interface ThreadReply extends SlackMessage {
  readonly file?: TextFile;
}

export interface TextFile {
  readonly name: string;
  readonly text: string;
}

/** A part of an answer that can lose lines from its middle and stays whole. */
interface Piece {
  readonly lines: number;
  /** How many of its lines are shown at first. */
  readonly most: number;
  readonly draw: (most: number) => KnownBlock[];
}

const LONGEST_LINE = 300;
const MOST_LOG_LINES = 15;
const MOST_LIST_LINES = 30;
const MOST_ROWS = 40;
const MOST_COLUMNS = 20;
const MOST_PIECES = 24;
const FEWEST_LINES = 3;
/** Slack's own limit of a snippet is a mebibyte. */
const MOST_FILE = 900_000;
const MARKS = { done: '✔', failed: '✗', warning: '⚠', running: '▸', skipped: '–' } as const;

/** What a command said, as one message of a thread, and as a file where that is too long. Pure. */
export function threadReply(blocks: readonly Block[], fileName = 'answer.txt'): ThreadReply {
  const shown = blocks.filter(({ kind }) => kind !== 'blank');
  const pieces = runsOf(shown).map(pieceOf);
  const { drawn, whole } = fittingPieces(pieces);
  return {
    text: sentence(openingOf(shown)),
    blocks: drawn.length ? drawn : [rich(paragraph(own('Done.')))],
    ...(whole ? {} : { file: { name: fileName, text: fileText(blocks) } }),
  };
}

/** The first words of an answer stand for all of it in a notification. */
function openingOf(blocks: readonly Block[]): string {
  const first = blocks.find(({ kind }) => kind !== 'table') ?? blocks[0];
  switch (first?.kind) {
    case 'heading':
    case 'text':
      return first.text;
    case 'stage':
    case 'field':
      return `${first.label}: ${first.text}`;
    case 'log':
      return `${blocks.filter(({ kind }) => kind === 'log').length} log lines of ${first.source}.`;
    case 'problem':
      return `${first.problem.file}:${first.problem.line}: ${first.problem.message}`;
    case 'table':
      return `A table of ${first.rows.length} rows: ${first.columns.join(', ')}.`;
    case 'verbatim':
      return 'A document.';
    default:
      return 'Done.';
  }
}

/** Blocks of one kind that follow one another belong together. */
function runsOf(blocks: readonly Block[]): Block[][] {
  const runs: Block[][] = [];
  for (const block of blocks) {
    const [first] = runs.at(-1) ?? [];
    if (first && rowOf(first) && rowOf(first) === rowOf(block)) runs.at(-1)?.push(block);
    else runs.push([block]);
  }
  return runs;
}

function rowOf({ kind }: Block): string | undefined {
  return kind === 'stage' || kind === 'field' || kind === 'text'
    ? 'list'
    : kind === 'log'
      ? 'log'
      : undefined;
}

function pieceOf(run: readonly Block[]): Piece {
  const [first] = run;
  switch (first?.kind) {
    case 'log':
      return box(
        run.map((block) => (block.kind === 'log' ? `${block.source} | ${block.text}` : '')),
        MOST_LOG_LINES,
      );
    case 'verbatim':
      return box(first.text.replace(/\n$/, '').split('\n'), MOST_LIST_LINES);
    case 'table':
      return tableOf(first);
    case 'problem':
      return problemOf(first);
    default:
      return piece(run.map(lineOf), MOST_LIST_LINES, (lines) => [
        rich(paragraph(...lines.flatMap((line, index) => (index ? [own('\n'), ...line] : line)))),
      ]);
  }
}

function lineOf(block: Block): RichTextElement[] {
  switch (block.kind) {
    case 'heading':
      return [bold(block.text, LONGEST_LINE)];
    case 'field':
      return [bold(block.label), own(' '), ...inline(block.text)];
    case 'stage': {
      const took = block.tookMs === undefined ? '' : ` · ${(block.tookMs / 1000).toFixed(2)} s`;
      return [
        own(`${MARKS[block.mark]} `),
        bold(block.label),
        own(' '),
        ...inline(block.text),
        ...(took ? [own(took)] : []),
      ];
    }
    case 'text':
      return inline(block.text.trim());
    default:
      return [];
  }
}

/** What stands between backticks is shown as code. */
function inline(text: string): RichTextElement[] {
  if (!text.trim()) return [own('–')];
  return text
    .slice(0, 4 * LONGEST_LINE)
    .split(/(`[^`]+`)/)
    .flatMap((part, index) => {
      if (index % 2) return [code(part.slice(1, -1), LONGEST_LINE)];
      if (!part.trim()) return part ? [own(' ')] : [];
      return [
        own(`${/^\s/.test(part) ? ' ' : ''}${harmless(part, LONGEST_LINE)}${/\s$/.test(part) ? ' ' : ''}`),
      ];
    });
}

function box(lines: readonly string[], most: number): Piece {
  return piece(
    lines,
    most,
    (shown) => [rich(preformatted(shown, LONGEST_LINE))],
    'end',
    (count) => `… ${count} lines are left out …`,
  );
}

function problemOf({ problem, excerpt }: Extract<Block, { kind: 'problem' }>): Piece {
  const { file, line, column, severity, message, advice } = problem;
  const mark = MARKS[severity === 'error' ? 'failed' : 'warning'];
  return piece(excerpt.split('\n').slice(0, 12), 12, (lines) => [
    rich(
      paragraph(own(`${mark} `), code(`${file}:${line}:${column}`), own(' '), ...inline(message)),
      preformatted(lines, LONGEST_LINE),
      ...(advice ? [paragraph(own('→ '), ...inline(advice))] : []),
    ),
  ]);
}

function tableOf({ columns, rows }: Extract<Block, { kind: 'table' }>): Piece {
  const shown = columns.slice(0, MOST_COLUMNS);
  return piece<readonly string[]>(
    rows,
    MOST_ROWS,
    (kept) => [table(shown, kept)],
    'middle',
    (count) => [`… ${count} rows are left out …`],
  );
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): TableBlock {
  return {
    type: 'table',
    rows: [columns, ...rows].map((row) =>
      columns.map((_, index) => ({ type: 'raw_text', text: harmless(row[index] ?? '', 120) })),
    ),
  };
}

/** `lines` of which some may be left out; what is said of them stands where they were. */
function piece<Line>(
  lines: readonly Line[],
  most: number,
  draw: (lines: readonly Line[]) => KnownBlock[],
  keeps: 'middle' | 'end' = 'middle',
  gap?: (count: number) => Line,
): Piece {
  return {
    lines: lines.length,
    most: Math.min(lines.length, most),
    draw: (kept) => {
      if (kept >= lines.length) return draw(lines);
      const before = keeps === 'end' ? 0 : Math.ceil(kept / 2);
      const note = gap ? [gap(lines.length - kept)] : [];
      return draw([...lines.slice(0, before), ...note, ...lines.slice(lines.length - (kept - before))]);
    },
  };
}

/** Takes lines from the longest parts until all of them fit; then whole parts from the middle. */
function fittingPieces(pieces: readonly Piece[]): { drawn: KnownBlock[]; whole: boolean } {
  const half = MOST_PIECES / 2;
  const kept =
    pieces.length <= MOST_PIECES ? [...pieces] : [...pieces.slice(0, half), ...pieces.slice(-half)];
  const most = kept.map((each) => each.most);
  for (;;) {
    const parts = kept.map((each, index) => each.draw(most[index] ?? 0));
    const left = pieces.length - kept.length;
    const drawn = parts.toSpliced(Math.ceil(parts.length / 2), 0, left ? [partsLeftOut(left)] : []).flat();
    if (drawn.length < MOST_BLOCKS && lengthOf(drawn) <= MOST_ANSWER) {
      return { drawn, whole: !left && kept.every(({ lines }, index) => most[index] === lines) };
    }
    const sizes = parts.map((part, index) => ((most[index] ?? 0) > FEWEST_LINES ? lengthOf(part) : 0));
    const longest = sizes.indexOf(Math.max(...sizes));
    if (sizes[longest]) most[longest] = Math.floor((most[longest] ?? 0) / 2);
    else {
      const middle = Math.floor(kept.length / 2);
      kept.splice(middle, 1);
      most.splice(middle, 1);
    }
  }
}

function partsLeftOut(count: number): KnownBlock {
  return rich(paragraph(own(`… ${count} parts are left out …`)));
}

function fileText(blocks: readonly Block[]): string {
  const text = blocks.flatMap((block) => drawPlain(block)).join('\n');
  return text.length <= MOST_FILE ? text : `… the beginning is left out …\n${text.slice(-MOST_FILE)}`;
}
