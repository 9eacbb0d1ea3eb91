/**
 * Gathers what is asked while an earlier write is under way, and writes it together: one wait for the disk for all of it.
 * `write` gives one answer for each item, in order. Items are asked for in order, too.
 */
export function together<Item, Answer>(
  write: (items: readonly Item[]) => Promise<readonly Answer[]>,
  most = 200,
): (item: Item) => Promise<Answer> {
  let waiting: { item: Item; promised: PromiseWithResolvers<Answer> }[] = [];
  let writing = false;
  const writeAll = async () => {
    while (waiting.length) {
      const batch = waiting.slice(0, most);
      waiting = waiting.slice(most);
      try {
        const answers = await write(batch.map(({ item }) => item));
        for (const [index, { promised }] of batch.entries()) {
          const answer = answers[index];
          if (answer === undefined) promised.reject(new Error('a write gave no answer'));
          else promised.resolve(answer);
        }
      } catch (error) {
        for (const { promised } of batch) promised.reject(error);
      }
      // What came in meanwhile is heard before the next write begins.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    writing = false;
  };
  return (item) => {
    const promised = Promise.withResolvers<Answer>();
    waiting.push({ item, promised });
    if (!writing) {
      writing = true;
      setImmediate(() => void writeAll());
    }
    return promised.promise;
  };
}
