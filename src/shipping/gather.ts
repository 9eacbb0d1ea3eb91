import type { Clock } from '../clock.ts';
import type { LogLine } from '../engines/index.ts';

/** How long the first line of a batch waits for others. */
const GATHER_MS = 1_000;
const MOST_LINES = 1_000;
const MOST_CHARACTERS = 512 * 1024;
const LATE = Symbol('late');

/** Puts lines together until there are many, or for a second. Lines that come while a batch is sent wait where they are. */
export async function* gathered(lines: AsyncIterable<LogLine>, clock: Clock): AsyncGenerator<LogLine[]> {
  const iterator = lines[Symbol.asyncIterator]();
  const begin = () => {
    const answer = iterator.next();
    answer.catch(() => {}); // it may fail while a batch is sent: whoever comes for it hears of it
    return answer;
  };
  let next = begin();
  for (;;) {
    const first = await next;
    if (first.done) return;
    const batch = [first.value];
    let characters = first.value.text.length;
    const { promise: late, resolve } = Promise.withResolvers<typeof LATE>();
    const cancel = clock.after(GATHER_MS, () => resolve(LATE));
    next = begin();
    while (batch.length < MOST_LINES && characters < MOST_CHARACTERS) {
      const got = await Promise.race([next, late]);
      if (got === LATE || got.done) break;
      batch.push(got.value);
      characters += got.value.text.length;
      next = begin();
    }
    cancel();
    yield batch;
  }
}
