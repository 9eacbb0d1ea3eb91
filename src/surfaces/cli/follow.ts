import type { Command } from '../../commands/index.ts';
import { drawPlain, type Outcome } from '../../replies/index.ts';
import { type Answer, askBot, type Line, pickUp, type Saying } from './ask.ts';
import { canAsk, confirmed, withCommand } from './confirm.ts';
import { exitCodeOf, exitCodeOfSignal } from './exit-codes.ts';
import { finish } from './finish.ts';
import { listOperations } from './operations.ts';
import type { CliParts } from './parts.ts';
import { createProgress } from './progress.ts';

const GRACE_MS = 3_000;

/** Says a command to the bot and shows what comes of it. Whatever the bot has begun goes on without us. */
export async function runAsked(
  command: Command,
  { words, ...along }: Saying,
  parts: CliParts,
): Promise<number> {
  const asking = { bot: parts.bot(), clock: parts.clock, signal: parts.signal };
  const goesOn = command.verb.mutating && command.options['dry-run'] !== true;
  for (let said = words; ; ) {
    const answer = await unlessStopped(parts.signal, () =>
      goesOn
        ? namedFirst(parts, (patience) => askBot(asking, { ...along, words: said }, patience))
        : askBot(asking, { ...along, words: said }),
    );
    if (!answer) return stopped(goesOn ? 'katabot follow' : '', parts);
    const outcome = await watch(answer, command, goesOn, parts);
    if (typeof outcome === 'number') return outcome;
    if (outcome.code !== 'confirmation-needed') return finish(outcome, command, parts);
    if (!canAsk(parts)) return finish(withCommand(outcome, said), command, parts);
    const repeated = await confirmed(command, said, outcome, parts);
    if (!repeated) return exitCodeOf(outcome);
    said = repeated;
  }
}

/** Shows what a command that runs already has said, and what it says from now on. */
export async function runFollow(command: Command, parts: CliParts): Promise<number> {
  const asking = { bot: parts.bot(), clock: parts.clock, signal: parts.signal };
  const [operation] = command.words;
  if (operation === undefined) return finish(await listOperations(asking), command, parts);
  const answer = await unlessStopped(parts.signal, () => pickUp(asking, operation));
  if (!answer) return exitCodeOfSignal(parts.signal);
  const outcome = await watch(answer, command, true, parts);
  return typeof outcome === 'number' ? outcome : finish(outcome, command, parts);
}

/** Shows an answer up to its outcome, and gives that; or the exit code of a reader who left. */
async function watch(
  answer: Answer,
  command: Command,
  goesOn: boolean,
  parts: CliParts,
): Promise<Outcome | number> {
  const progress = createProgress(parts.out, parts.clock);
  const json = command.options['json'] === true;
  try {
    for await (const lines of answer.lines) {
      if (!json) await progress.show(lines.flatMap((line) => ('block' in line ? [line.block] : [])));
      else if (command.verb.name === 'logs') await writeLogs(lines, parts);
      const last = lines.at(-1);
      if (last && 'outcome' in last) return last.outcome;
    }
  } catch (error) {
    if (!parts.signal.aborted) throw error;
  } finally {
    progress.end();
  }
  return stopped(goesOn && answer.operation ? `katabot follow ${answer.operation}` : '', parts);
}

/** One object a line, as it comes: a log has no end that one could wait for. What is said about it is no part of it. */
async function writeLogs(lines: readonly Line[], { out, error }: CliParts): Promise<void> {
  for (const line of lines)
    if ('block' in line && line.block.kind === 'text')
      await error.write(`${drawPlain(line.block).join('')}\n`);
  const text = lines
    .flatMap((line) => ('block' in line && line.block.kind === 'log' ? [line.block] : []))
    .map(({ source, text }) => `${JSON.stringify({ container: source, text })}\n`)
    .join('');
  if (text) await out.write(text);
}

async function stopped(pickUpWith: string, { error, signal }: CliParts): Promise<number> {
  const code = exitCodeOfSignal(signal);
  if (pickUpWith && code !== 0) {
    const text = `It goes on without us. Pick it up with: ${pickUpWith}`;
    await error.write(`\n${drawPlain({ kind: 'text', text }).join('')}\n`);
  }
  return code;
}

/** undefined when the signal fired before there was an answer. */
async function unlessStopped<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** Ctrl-C leaves the bot a moment to name what it has begun; a second one ends the program as ever. */
async function namedFirst<T>(
  { clock, error, signal }: Pick<CliParts, 'clock' | 'error' | 'signal'>,
  ask: (patience: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  let cancel = () => {};
  const stop = () => {
    void error.write('\nWaiting for the name of what was begun; Ctrl-C again leaves without it.\n');
    cancel = clock.after(GRACE_MS, () => late.abort(signal.reason));
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await ask(late.signal);
  } finally {
    signal.removeEventListener('abort', stop);
    cancel();
  }
}
