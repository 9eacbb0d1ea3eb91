import { type Command, secretIn } from '../../commands/index.ts';
import { Failure } from '../../failure.ts';
import type { Outcome } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';
import { Secret, sealValue } from '../../secrets/index.ts';
import type { CliParts } from './parts.ts';
import { askSecret } from './question.ts';

/** The value that goes with a command: typed without being shown, or piped in. undefined for a command that takes none. */
export async function secretFor(command: Command, parts: CliParts): Promise<Secret | undefined> {
  if (!command.verb.takesSecret) return undefined;
  const { action, name } = secretIn(command);
  if (action !== 'set' && action !== 'seal') return undefined;
  const { keyboard, error, signal } = parts;
  const what = action === 'set' ? `Value of ${name}` : 'Value to seal';
  const value = keyboard.terminal
    ? await askSecret({ keyboard, error, signal }, `${what} (not shown): `)
    : textIn(await keyboard.readAll());
  if (value) return new Secret(value);
  throw new Failure('usage', 'No value was given.', {
    advice: 'Type it when asked, or pipe it in: katabot secret set NAME < file',
  });
}

/** Seals for a key that is given: the value goes nowhere, and no bot is asked. */
export async function runSeal(command: Command, parts: CliParts): Promise<Outcome> {
  const { action, scope } = secretIn(command);
  if (action !== 'seal') {
    throw new Failure('usage', `--recipient is for sealing, not for secret ${action}.`, {
      advice: 'katabot secret seal --recipient age1…',
    });
  }
  const value = (await secretFor(command, parts)) ?? new Secret('');
  return say.secretSealed(await sealValue(String(command.options['recipient']), scope, value));
}

/** Without the end of the line that `echo` adds. */
function textIn(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch {
    throw new Failure('usage', 'The value is no text: its bytes are no UTF-8.', {
      advice: 'Encode it as text, such as base64, and let the program decode it.',
    });
  }
}
