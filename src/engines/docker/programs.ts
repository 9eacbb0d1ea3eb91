import { type Clock, within } from '../../clock.ts';
import { Failure } from '../../failure.ts';

// The engine tells nobody when a program that it runs begins or ends: it is asked.

/** The engine closes the stream a moment before it knows the exit code. */
const EXIT_LOOKS = 100;
const EXIT_PAUSE_MS = 20;
/** Between two looks whether a program has been started; each pause is twice the one before, up to this. */
const LONGEST_BEGIN_PAUSE_MS = 1_000;

/** Waits for the exit code of a program whose output has ended. Throws a Failure `exit-unknown`. */
export async function ended(
  clock: Clock,
  signal: AbortSignal,
  look: () => Promise<{ Running?: boolean; ExitCode?: number | null }>,
): Promise<number> {
  for (let count = 0; count < EXIT_LOOKS; count++) {
    const { Running, ExitCode } = await look();
    if (!Running && typeof ExitCode === 'number') return ExitCode;
    await pause(clock, signal, EXIT_PAUSE_MS);
  }
  throw new Failure('exit-unknown', 'The program ended, and the engine does not say how.');
}

/** Waits until the engine has started a program: only then has it a process, or an end. */
export async function begun(
  clock: Clock,
  signal: AbortSignal,
  look: () => Promise<{ Pid?: number; ExitCode?: number | null }>,
): Promise<void> {
  for (let pauseMs = EXIT_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_BEGIN_PAUSE_MS)) {
    const { Pid, ExitCode } = await look();
    if (Pid || typeof ExitCode === 'number') return;
    await pause(clock, signal, pauseMs);
  }
}

async function pause(clock: Clock, signal: AbortSignal, durationMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  clock.after(durationMs, resolve);
  await within(signal, promise);
}
