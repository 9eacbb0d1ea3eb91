import type { Block, Outcome } from '../replies/index.ts';

/** What a command has come to, and what it told on its way. */
export interface Ended {
  readonly outcome: Outcome;
  readonly blocks: readonly Block[];
}

/** Of what a command tells, the beginning and the end are kept. */
const MOST_BLOCKS = 2_000;

/**
 * Runs a command to its end, for a room that answers when it is over; `hear` is given each block on the way. Throws the reason
 * of `closing` as soon as the bot stops: what was begun is followed further after the next start.
 */
export async function toEnd(
  command: AsyncGenerator<Block, Outcome>,
  closing: AbortSignal,
  hear: (block: Block) => void | Promise<void> = () => {},
): Promise<Ended> {
  const blocks: Block[] = [];
  for (;;) {
    const step = await command.next();
    closing.throwIfAborted();
    if (step.done) return { outcome: step.value, blocks };
    await hear(step.value);
    blocks.push(step.value);
    if (blocks.length > MOST_BLOCKS) blocks.splice(MOST_BLOCKS / 2, 1);
  }
}
