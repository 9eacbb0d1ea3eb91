import { within } from '../clock.ts';
import type { Session } from '../engines/index.ts';
import { Failure } from '../failure.ts';
import { maskOf } from '../reconciler/index.ts';
import * as say from '../replies/index.ts';
import { createSessions } from './sessions.ts';
import { targetKey } from './targets.ts';
import type { RunVerb } from './verb.ts';

/** Where an answer is a message, nobody is there to end a program that hangs, or to look at all that it prints. */
const LONGEST_MS = 30_000;
const MOST_BYTES = 65_536;

/** Runs a program to its end and tells what it has printed: its own arguments, never through a shell, secrets hidden. */
export const runExec: RunVerb = async function* (ground, { target, argv = [], options, caller }, signal) {
  if (options['terminal'] === true || options['input'] === true) {
    throw new Failure('usage', 'A program that is talked to needs the command line.', {
      advice: 'Leave -t and -i out.',
    });
  }
  const key = targetKey(target);
  const limitMs = Math.min(LONGEST_MS, Number(options['timeout'] ?? LONGEST_MS));
  const tooLong = new AbortController();
  const cancel = ground.clock.after(limitMs, () => tooLong.abort());
  const both = AbortSignal.any([signal, tooLong.signal]);
  const [name, environment] = [target?.name ?? '', target?.environment ?? ''];
  const asked = { group: name, environment, container: target?.container ?? '', input: false };
  try {
    // That it is meant was asked before it came here.
    const request = { ...asked, command: argv, yes: true };
    const session = await within(both, createSessions(ground).exec(caller, request, both));
    const printed = await printedBy(session, await maskOf(ground.desired, key), both);
    if (printed.text) yield { kind: 'verbatim', text: printed.text };
    if (printed.cut) yield say.outputCut(MOST_BYTES);
    if (printed.cut) return say.programEnded(undefined);
    return say.programEnded(await within(both, session.exitCode));
  } catch (error) {
    if (!tooLong.signal.aborted) throw error;
    throw new Failure('exec-timeout', `The program had not ended after ${limitMs / 1000} s, and was left.`, {
      advice: 'On the command line it may take longer: katabot exec --timeout 10m.',
    });
  } finally {
    cancel();
  }
};

/** What a program prints, up to the limit, as one text. */
async function printedBy(
  session: Session,
  mask: Awaited<ReturnType<typeof maskOf>>,
  signal: AbortSignal,
): Promise<{ readonly text: string; readonly cut: boolean }> {
  const streams = { stdout: mask.stream(), stderr: mask.stream() };
  const parts: Uint8Array[] = [];
  let bytes = 0;
  const output = session.output[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await within(signal, output.next());
      if (done) break;
      const shown = streams[value.stream].take(value.bytes);
      parts.push(shown);
      bytes += value.bytes.length;
      if (bytes > MOST_BYTES) break;
    }
  } finally {
    if (signal.aborted || bytes > MOST_BYTES) session.close();
  }
  for (const stream of ['stdout', 'stderr'] as const) parts.push(streams[stream].end());
  const text = Buffer.concat(parts).subarray(0, MOST_BYTES).toString('utf8');
  return { text: text.trimEnd(), cut: bytes > MOST_BYTES };
}
