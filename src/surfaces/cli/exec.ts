import type { Command } from '../../commands/index.ts';
import { Failure } from '../../failure.ts';
import { canAsk, meant } from './confirm.ts';
import { exitCodeOfSignal } from './exit-codes.ts';
import type { CliParts, Listening } from './parts.ts';
import { openSession, type Session, type TakeOutput } from './session.ts';

/** Without a terminal nobody is there to end a program that hangs. */
const LIMIT_MS = 30_000;

/** Runs a program in a container; gives the program's own exit code. */
export async function runExec(command: Command, parts: CliParts): Promise<number> {
  const { options, argv = [] } = command;
  const [terminal, json] = [options['terminal'] === true, options['json'] === true];
  const input = options['input'] === true;
  if (terminal) demandTerminal(parts, json);
  const query = new URLSearchParams(placeOf(command));
  for (const word of argv) query.append('command', word);
  if (input || terminal) query.set('input', '1');
  const size = parts.out.size();
  if (terminal && size) {
    for (const [name, value] of Object.entries({ terminal: 1, ...size })) query.set(name, String(value));
  }
  const limit = Number(options['timeout'] ?? (terminal ? 0 : LIMIT_MS));
  const kept = { out: [] as Uint8Array[], error: [] as Uint8Array[] };
  const take: TakeOutput = json
    ? (stream, bytes) => void kept[stream].push(bytes)
    : (stream, bytes) => parts[stream].write(bytes);
  const exitCode = await stoppable(parts, '', () =>
    unlessHeldBack(command, query, parts, async () => {
      const session = await openSession(parts.bot(), `/api/v1/exec?${query}`, { ...parts, take });
      return attended(session, { terminal, input: input || terminal, limit }, parts);
    }),
  );
  if (json && !parts.signal.aborted) {
    const [stdout, stderr] = [kept.out, kept.error].map((chunks) => Buffer.concat(chunks).toString('utf8'));
    await parts.out.write(`${JSON.stringify({ exitCode, stdout, stderr })}\n`);
  }
  return exitCode;
}

/** Shows what a container prints from now on, byte for byte; ends with it. */
export async function runAttach(command: Command, parts: CliParts): Promise<number> {
  const query = new URLSearchParams(placeOf(command));
  const take: TakeOutput = (stream, bytes) => parts[stream].write(bytes);
  return stoppable(parts, 'Detached; the container runs on.', async () => {
    const session = await openSession(parts.bot(), `/api/v1/attach?${query}`, { ...parts, take });
    return attended(session, { terminal: false, input: false, limit: 0 }, parts);
  });
}

function demandTerminal({ keyboard, out }: CliParts, json: boolean): void {
  const why = json
    ? 'A program with a terminal has no output that could go into a document.'
    : keyboard.terminal && out.terminal
      ? ''
      : '-t needs a terminal, and this is none: its input or its output is a pipe or a file.';
  if (why) throw new Failure('usage', why, { advice: 'Leave -t out; -i passes standard input on.' });
}

function placeOf({ target }: Command): Record<string, string> {
  const { name = '', environment = 'production', container } = target ?? {};
  return { group: name, environment, ...(container === undefined ? {} : { container }) };
}

/** An environment may ask before a program runs in it: then a person is asked, once. */
async function unlessHeldBack(
  command: Command,
  query: URLSearchParams,
  parts: CliParts,
  run: () => Promise<number>,
): Promise<number> {
  if (command.options['yes'] === true) query.set('yes', '1');
  try {
    return await run();
  } catch (error) {
    const asks = error instanceof Failure && error.code === 'confirmation-needed' && !query.has('yes');
    if (!asks || !canAsk(parts)) throw error;
    await parts.error.write(`${error.message}\n`);
    if (!(await meant(command, parts))) {
      await parts.error.write('Nothing was run.\n');
      return 1;
    }
    query.set('yes', '1');
    return run();
  }
}

/** Sits between a person and a session to its end. The terminal is put back whatever happens. */
async function attended(
  session: Session,
  { terminal, input, limit }: { readonly terminal: boolean; readonly input: boolean; readonly limit: number },
  { keyboard, out, clock }: CliParts,
): Promise<number> {
  const undo: (() => void)[] = [];
  try {
    if (terminal) {
      undo.push(keyboard.raw());
      undo.push(
        out.onResize(() => {
          const size = out.size();
          if (size) session.resize(size);
        }),
      );
    }
    if (input) undo.push(passedOn(session, (heard, ended) => keyboard.listen(heard, ended)));
    if (limit) undo.push(clock.after(limit, () => session.close(tooLong(limit))));
    return await session.ended;
  } finally {
    for (const each of undo.toReversed()) each();
  }
}

/** Input goes to the program as fast as the bot takes it; its end is the program's end of input. */
function passedOn(session: Session, listen: CliParts['keyboard']['listen']): () => void {
  const listening: Listening = listen(
    (bytes) => {
      const full = session.write(bytes);
      if (!full) return;
      listening.pause();
      void full.then(() => listening.resume());
    },
    () => session.endInput(),
  );
  return () => listening.close();
}

function tooLong(limit: number): Failure {
  return new Failure('exec-timeout', `The program had not ended after ${limit / 1000} s, and was left.`, {
    advice: 'Give it longer: --timeout 10m. Without a limit it runs with a terminal: -t.',
  });
}

/** Ctrl-C ends the session, not the container. */
async function stoppable(parts: CliParts, goodbye: string, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!parts.signal.aborted) throw error;
    if (goodbye) await parts.error.write(`\n${goodbye}\n`);
    return exitCodeOfSignal(parts.signal);
  }
}
