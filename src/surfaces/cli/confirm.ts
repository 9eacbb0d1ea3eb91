import type { Command } from '../../commands/index.ts';
import type { Outcome } from '../../replies/index.ts';
import { drawPlain } from '../../replies/index.ts';
import type { CliParts } from './parts.ts';
import { drawingFor, linesOf } from './progress.ts';
import { askLine } from './question.ts';

/** Asks whether a command is meant that the bot holds back; gives the words that say so, or undefined for a no. */
export async function confirmed(
  command: Command,
  words: readonly string[],
  { blocks }: Outcome,
  parts: CliParts,
): Promise<readonly string[] | undefined> {
  const said = blocks.filter((block) => block.kind !== 'text'); // the advice is for those who cannot be asked
  await parts.error.write(linesOf(said.flatMap((block) => drawPlain(block, drawingFor(parts.error)))));
  if (await meant(command, parts)) return withYes(words);
  await parts.error.write('Nothing was changed.\n');
  return undefined;
}

/** For those who cannot be asked: the command that needs no asking, unless the bot shows it already. */
export function withCommand(outcome: Outcome, words: readonly string[]): Outcome {
  if (JSON.stringify([outcome.blocks, outcome.data]).includes('--yes')) return outcome;
  const advice = ['katabot', ...withYes(words)].map(quoted).join(' ');
  return {
    ...outcome,
    blocks: [...outcome.blocks, { kind: 'text', text: `    → ${advice}` }],
    data: { ...Object(outcome.data), advice },
  };
}

/** Whether a person reads the question and can answer it. */
export function canAsk({ keyboard, error }: Pick<CliParts, 'keyboard' | 'error'>): boolean {
  return keyboard.terminal && error.terminal;
}

/** What cannot be taken back takes more than one key. */
export async function meant({ verb, target }: Command, parts: CliParts): Promise<boolean> {
  const group = target?.name ?? '';
  const place = `${group} in ${target?.environment ?? 'production'}`;
  if (verb.name === 'delete') {
    return (await askLine(parts, `Delete ${place}? Type its name: `)) === group && group !== '';
  }
  const deed = `${verb.name.charAt(0).toUpperCase()}${verb.name.slice(1)}`;
  return /^y(es)?$/i.test(await askLine(parts, `${group ? `${deed} ${place}` : deed}? [y/N] `));
}

/** Before `--`: what comes after it belongs to a program. */
function withYes(words: readonly string[]): string[] {
  const at = words.indexOf('--');
  return at === -1 ? [...words, '--yes'] : [...words.slice(0, at), '--yes', ...words.slice(at)];
}

/** As a shell reads it back. */
function quoted(word: string): string {
  return /^[\w@%+=:,./#-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
