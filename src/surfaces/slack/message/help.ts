import type { KnownBlock } from '@slack/types';
import { helpFor, helpTopics, type Surface } from '../../../commands/index.ts';
import { UNCONFIRMED } from '../../../policy/index.ts';
import type { Outcome } from '../../../replies/index.ts';
import * as say from '../../../replies/index.ts';
import { buttonRow, type Ids } from './buttons.ts';
import { bold, code, header, own, paragraph, preformatted, rich, said } from './elements.ts';
import type { SlackMessage } from './limits.ts';
import { sentence } from './text.ts';
import { threadReply } from './thread.ts';

/** What help is asked for, and by whom. */
export interface HelpWanted {
  /** A verb; everything when nothing is said. */
  readonly topic?: string;
  /** Where it is said: other verbs are not shown. */
  readonly surface?: Surface;
  /** Verbs that this person may not say, and why. */
  readonly refused?: Readonly<Record<string, string>>;
}

/** The verbs that may be said here, or one verb with its options and examples. Throws a Failure `usage` for an unknown one. Pure. */
export function helpMessage({ topic, surface, refused = {} }: HelpWanted = {}): SlackMessage {
  if (topic !== undefined) return verbHelp(helpFor(topic));
  const topics = helpTopics(surface);
  return {
    text: sentence(say.helpSentence(topics.reduce((sum, { verbs }) => sum + verbs.length, 0))),
    blocks: [
      header(say.helpTitle()),
      ...topics.map(
        ({ title, verbs }): KnownBlock =>
          rich(paragraph(bold(title)), {
            type: 'rich_text_list',
            style: 'bullet',
            elements: verbs.map(({ name, summary }) => ({
              type: 'rich_text_section',
              elements: [
                code(name),
                own('  '),
                said(summary, 200),
                ...(refused[name]
                  ? [own('  '), { ...said(`(${refused[name]})`, 120), style: { italic: true } }]
                  : []),
              ],
            })),
          }),
      ),
      { type: 'context', elements: [{ type: 'mrkdwn', text: say.helpHint(), verbatim: true }] },
    ],
  };
}

/** A verb's page: its sentence, how it is written, what it takes, examples. */
function verbHelp(page: string): SlackMessage {
  const [summary = '', ...rest] = page.split('\n');
  const lines = rest.map((line) => line.replace(/^ {2}katabot /, '  /kata '));
  return {
    text: sentence(summary),
    blocks: [rich(paragraph(bold(summary)), preformatted(withoutEdges(lines), 200))],
  };
}

function withoutEdges(lines: readonly string[]): string[] {
  return lines
    .join('\n')
    .replace(/^\n+|\n+$/g, '')
    .split('\n')
    .map((line) => line.replace(/^ {2}/, ''));
}

/** What was wrong with a line, with a caret under the word, and a button that runs the line as it was meant. Pure. */
export function usageError(outcome: Outcome, ids: Ids = {}): SlackMessage {
  const { text, blocks } = threadReply(outcome.blocks);
  const meant = correctedLine(outcome);
  const row = meant === undefined ? undefined : buttonRow(['run'], { about: meant, ids });
  return { text, blocks: [...blocks, ...(row ? [row] : [])] };
}

/** The line as it was meant, where the outcome knows one: what *Run it* runs. Pure. */
export function correctedLine({ data }: Pick<Outcome, 'data'>): string | undefined {
  const advice = typeof data === 'object' && data !== null && 'advice' in data ? data.advice : undefined;
  return typeof advice === 'string' ? /^Did you mean: (.+)$/.exec(advice)?.[1] : undefined;
}

/** What a protected environment wants to have confirmed, such as `yes-7f3k2m9x`; undefined for any other answer. Pure. */
export function heldBack({ code, data }: Pick<Outcome, 'code' | 'data'>): string | undefined {
  const { advice }: { advice?: unknown } = Object(data);
  return code === UNCONFIRMED.code && typeof advice === 'string' ? /\byes-\w+/.exec(advice)?.[0] : undefined;
}

/** Policy's no: which rule, and what to do instead, with a button for what can be done at once. Pure. */
export function refusal(outcome: Outcome, ids: Ids = {}): SlackMessage {
  const { text, blocks } = threadReply(outcome.blocks);
  const row = buttonRow(['queue', 'ask-owner', 'run', 'confirm'], { about: 'the command', ids });
  return { text, blocks: [...blocks, ...(row ? [row] : [])] };
}
