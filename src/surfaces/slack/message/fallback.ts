import type { KnownBlock, PlanBlock, TableBlock } from '@slack/types';
import { drawPlain } from '../../../replies/index.ts';
import { plain, preformatted, rich } from './elements.ts';
import type { SlackMessage } from './limits.ts';

/** How a step is marked where there is no plan; the word stands in its title. */
const MARKS: Readonly<Record<string, string>> = { complete: '✔', in_progress: '▸', pending: '▫', error: '✗' };
const WIDTH = 100;

/**
 * The same message without `plan` and `table`, which some workspaces refuse with `invalid_blocks`. What it says and what it
 * does stay the same. Pure.
 */
export function fallback<Message extends SlackMessage>(message: Message): Message {
  return { ...message, blocks: message.blocks.map(plainer) };
}

function plainer(block: KnownBlock): KnownBlock {
  switch (block.type) {
    case 'plan':
      return stepsOf(block);
    case 'table':
      return linesOf(block);
    default:
      return block;
  }
}

function stepsOf({ title, tasks = [] }: PlanBlock): KnownBlock {
  const lines = tasks.map((task) => plain(`${MARKS[String(task.status)] ?? '▫'} ${task.title}`, 110).text);
  return { type: 'section', text: { type: 'plain_text', text: [title, ...lines].join('\n'), emoji: false } };
}

/** Columns in a box, as wide as a thread is. */
function linesOf({ rows }: TableBlock): KnownBlock {
  const [columns = [], ...rest] = rows.map((row) => row.map((cell) => ('text' in cell ? cell.text : '')));
  return rich(
    preformatted(drawPlain({ kind: 'table', columns, rows: rest }, { colour: false, width: WIDTH })),
  );
}
