import { Failure } from '../../failure.ts';

/** One push at a time for each repository; the others wait in order and are told so. */
export interface Turns {
  /**
   * Waits for the turn and gives the function that ends it. `waiting` hears who is at work and how many are before.
   * Rejects when too many wait already, and with the signal's reason when who waits leaves.
   */
  take(
    repository: string,
    holder: string,
    signal: AbortSignal,
    waiting: (before: { holder: string; waiting: number }) => void,
  ): Promise<() => void>;
}

interface Place {
  readonly holder: string;
  /** Told when the place is the first one. */
  readonly begin: () => void;
}

const LONGEST_LINE = 25;

export function createTurns(): Turns {
  const lines = new Map<string, Place[]>();
  return {
    async take(repository, holder, signal, waiting) {
      signal.throwIfAborted();
      const line = lines.get(repository) ?? [];
      const [first] = line;
      if (line.length > LONGEST_LINE) throw lineTooLong(repository);
      const { promise: begun, resolve: begin, reject } = Promise.withResolvers<void>();
      const place = { holder, begin };
      lines.set(repository, line);
      line.push(place);
      const leave = () => leaveLine(lines, repository, place);
      if (!first) return leave;
      const giveUp = () => reject(signal.reason);
      signal.addEventListener('abort', giveUp, { once: true });
      try {
        waiting({ holder: first.holder, waiting: line.length - 2 });
        await begun;
        return leave;
      } catch (error) {
        leave();
        throw error;
      } finally {
        signal.removeEventListener('abort', giveUp);
      }
    },
  };
}

function lineTooLong(repository: string): Failure {
  return new Failure('too-many-pushes', `${LONGEST_LINE} pushes to ${repository} are waiting already.`, {
    advice: 'Push again when some of them are through.',
  });
}

/** The next one begins only when the first one leaves: somebody in the middle lets nobody overtake. */
function leaveLine(lines: Map<string, Place[]>, repository: string, place: Place): void {
  const line = lines.get(repository);
  const index = line?.indexOf(place) ?? -1;
  if (!line || index < 0) return; // left before
  line.splice(index, 1);
  if (line.length === 0) lines.delete(repository);
  else if (index === 0) line[0]?.begin();
}
