import type { Fact, GroupKey } from '../event.ts';
import type { Wish } from '../reconciler/index.ts';
import type { Block, Outcome } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import type { Ground } from './ground.ts';
import { createMailbox, type Mailbox } from './mailbox.ts';
import { targetKey } from './targets.ts';
import type { Asked, RunVerb } from './verb.ts';
import { groupsFor } from './visible.ts';

/** One way to change a group that is there. */
export interface GroupChange {
  /** Why there is nothing to do; undefined when there is. */
  already(wish: Wish, asked: Asked): string | undefined;
  /** What would happen, for people who ask before they do. */
  would(wish: Wish): string;
  /** Throws the Failure that keeps it from happening now. Gives what would happen, where it is something else. */
  check?(ground: Ground, wish: Wish, signal: AbortSignal, asked: Asked): Promise<string | undefined>;
  /** Writes the new wish: from here on it happens, whether anybody watches or not. Gives what is to be told of it, unless it was. */
  write(ground: Ground, wish: Wish, asked: Asked): Promise<Fact | undefined>;
  /** Tells how it goes. */
  follow(ground: Ground, mailbox: Mailbox, wish: Wish, signal: AbortSignal): AsyncGenerator<Block, Outcome>;
}

/** A verb that changes one group: idempotent, held back by a dry run, followed to its end. */
export function changeGroup(change: GroupChange): RunVerb {
  return async function* (ground, asked, signal) {
    const key = targetKey(asked.target);
    const verb = asked.verb.name;
    const mailbox = createMailbox(ground.feed); // opened before the change, so that nothing is missed
    try {
      const wish = await ground.desired.get(key);
      if (!wish) return say.unknownGroup(key, await groupsFor(ground, asked.caller));
      const already = change.already(wish, asked);
      if (already !== undefined) return say.alreadySo(verb, key, already);
      const would = (await change.check?.(ground, wish, signal, asked)) ?? change.would(wish);
      const held = heldBack(asked, key, [say.wouldStage(verb, would)]);
      if (held) return held;
      const fact = await change.write(ground, wish, asked);
      if (fact) ground.feed.tell(key, wish.revision.number, fact);
      ground.wake(key);
      return yield* change.follow(ground, mailbox, wish, signal);
    } finally {
      mailbox.close();
    }
  };
}

/** What ends a command before it changes anything: a dry run. */
export function heldBack(
  { options, verb }: Asked,
  key: GroupKey,
  would: readonly Block[],
): Outcome | undefined {
  if (options['dry-run'] === true) return say.dryRun(verb.name, key, would);
  return undefined;
}

/** The next of some facts about a group; undefined when the audience left before. */
export async function nextOf<K extends Fact['kind']>(
  mailbox: Mailbox,
  { key, revision }: Wish,
  kinds: readonly K[],
  signal: AbortSignal,
): Promise<Extract<Fact, { kind: K }> | undefined> {
  for (;;) {
    const event = await mailbox.next(key, revision.number, signal).catch(() => undefined);
    if (!event) return undefined;
    if (isOf(event.fact, kinds)) return event.fact;
  }
}

function isOf<K extends Fact['kind']>(fact: Fact, kinds: readonly K[]): fact is Extract<Fact, { kind: K }> {
  return kinds.some((kind) => kind === fact.kind);
}
