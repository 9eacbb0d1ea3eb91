import { Interruption } from './exit-codes.ts';
import type { Keyboard, Screen } from './parts.ts';

/** Whom to ask: a person who looks at one and types at the other. */
export interface Asker {
  readonly keyboard: Keyboard;
  readonly error: Screen;
  readonly signal: AbortSignal;
}

/** Asks once; gives the line that was typed. Ctrl-C throws an Interruption. */
export async function askLine({ keyboard, error, signal }: Asker, question: string): Promise<string> {
  await error.write(question);
  return (await typed(keyboard, signal, (text) => text.indexOf('\n'))).trim();
}

/** Asks for what nobody may read over a shoulder: nothing of it is shown. */
export async function askSecret({ keyboard, error, signal }: Asker, question: string): Promise<string> {
  const restore = keyboard.raw(); // before the question is there: whoever is quick is not shown either
  try {
    await error.write(question);
    const text = await typed(keyboard, signal, (keys) => keys.search(END_OF_SECRET));
    if (text.includes(CONTROL_C)) throw new Interruption(130);
    return edited(text).trim();
  } finally {
    restore();
    await error.write('\n');
  }
}

const CONTROL_C = '\u0003';
// biome-ignore lint/suspicious/noControlCharactersInRegex: the keys Return, Ctrl-C and Ctrl-D
const END_OF_SECRET = /[\r\n\u0003\u0004]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal puts around what is pasted, and keys without a letter
const KEYS_WITHOUT_TEXT = /\u001b\[20[01]~|[\u0000-\u0007\u0009-\u0014\u0016-\u001f]/g;

/** A terminal in raw mode edits nothing: backspace takes a character back, Ctrl-U all of them. */
function edited(keys: string): string {
  let text = '';
  for (const key of keys.replace(KEYS_WITHOUT_TEXT, '')) {
    if (key === '\u007f' || key === '\b') text = text.slice(0, -1);
    else if (key === '\u0015') text = '';
    else text += key;
  }
  return text;
}

/** What is typed up to where `endOf` finds the end, or to the end of the input; the end's own character with Ctrl-C. */
function typed(keyboard: Keyboard, signal: AbortSignal, endOf: (text: string) => number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const decoder = new TextDecoder();
  let text = '';
  const listening = keyboard.listen(
    (bytes) => {
      text += decoder.decode(bytes, { stream: true });
      const end = endOf(text);
      if (end !== -1) resolve(text.slice(0, text[end] === CONTROL_C ? end + 1 : end));
    },
    () => resolve(text),
  );
  const stop = () => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  return promise.finally(() => {
    signal.removeEventListener('abort', stop);
    listening.close();
  });
}
