import { Failure } from '../failure.ts';
import { commandText } from './command-text.ts';
import { meansSecret, parse, parseLine } from './parse.ts';
import { typedText } from './record.ts';
import { repaired } from './repair.ts';
import { secretIn } from './secret-words.ts';
import type { Command, Said } from './verb.ts';
import { saidIn } from './words.ts';

/**
 * What was said, as it is written down and shown to others. Of a verb that takes a secret only what was understood stands
 * in it: somebody may have written the value among its words.
 */
export function saidText(said: Pick<Said, 'line' | 'words' | 'surface'>): string {
  const { line, words } = said;
  if (!meansSecret(verbOf(said))) return line ?? typedText(words);
  const command = commandIn(said);
  return command ? commandText(command).replace(/^katabot /, '') : 'secret …';
}

function verbOf({ line, words }: Pick<Said, 'line' | 'words'>): string {
  const [first = '', second = ''] = line === undefined ? ['', ...words] : wordsIn(line);
  return /^(\/kata|\/deploy|katabot)$/i.test(first) || line === undefined ? second : first;
}

function wordsIn(line: string): string[] {
  try {
    return saidIn(repaired(line)).words.map((word) => word.text);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return line.trim().split(/\s+/);
  }
}

function commandIn({ line, words, surface }: Pick<Said, 'line' | 'words' | 'surface'>): Command | undefined {
  try {
    const command = line === undefined ? parse(words, surface) : parseLine(line, surface);
    if (command?.verb.takesSecret) secretIn(command);
    return command;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return undefined;
  }
}
