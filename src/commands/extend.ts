import { partsOf } from '../event.ts';
import { Failure } from '../failure.ts';
import { costOf, sizeOf } from '../metering/index.ts';
import type { Wish } from '../reconciler/index.ts';
import * as say from '../replies/index.ts';
import { heldBack } from './change-group.ts';
import { momentOf } from './moments.ts';
import { targetKey } from './targets.ts';
import type { Asked, RunVerb } from './verb.ts';
import { groupsFor } from './visible.ts';

const DEFAULT_MS = 2 * 3_600_000;

/** Moves the end of a group that goes by itself, and says what that costs. */
export const runExtend: RunVerb = async function* (ground, asked) {
  const key = targetKey(asked.target);
  const wish = await ground.desired.get(key);
  if (!wish) return say.unknownGroup(key, await groupsFor(ground, asked.caller));
  if (wish.expiresAtMs === null) {
    return say.alreadySo('extend', key, 'it does not go by itself: it stays until somebody removes it');
  }
  const untilMs = wantedEnd(asked, wish.expiresAtMs, ground.clock.now());
  refuseTooLong(ground.lives(partsOf(key).environment).longestMs, untilMs, wish, ground.clock.now());
  if (untilMs === wish.expiresAtMs) return say.alreadySo('extend', key, `it goes at ${say.goesAt(untilMs)}`);
  const prices = ground.locations[wish.location]?.prices ?? ground.defaultPrices;
  const more = costOf(sizeOf(wish.revision.group), prices, Math.max(0, untilMs - wish.expiresAtMs)).total;
  const held = heldBack(asked, key, [say.extendedStage(untilMs, more)]);
  if (held) return held;
  await ground.desired.change(key, { expiresAtMs: untilMs });
  ground.feed.tell(key, wish.revision.number, { kind: 'extended', by: asked.caller.name, untilMs });
  ground.wake(key);
  yield say.extendedStage(untilMs, more);
  return say.changed('extended', key, { expiresAt: new Date(untilMs).toISOString(), adds: more });
};

function wantedEnd({ options }: Asked, expiresAtMs: number, nowMs: number): number {
  const { by, until } = options;
  if (typeof by === 'number' && until !== undefined) {
    throw new Failure('usage', 'Say either --by or --until.', { advice: 'katabot extend GROUP --by 2h' });
  }
  if (typeof until !== 'string') return expiresAtMs + (typeof by === 'number' ? by : DEFAULT_MS);
  const untilMs = momentOf(until, nowMs);
  if (untilMs > nowMs) return untilMs;
  throw new Failure('time-past', `${until} is over.`, {
    advice: 'Name a time to come, or katabot delete GROUP.',
  });
}

function refuseTooLong(longestMs: number | undefined, untilMs: number, wish: Wish, nowMs: number): void {
  if (longestMs === undefined || untilMs - nowMs <= longestMs) return;
  const { name } = wish.revision.group;
  const { environment } = partsOf(wish.key);
  const where = environment === 'production' ? '' : ` in ${environment}`;
  throw new Failure(
    'life-too-long',
    `${name} may live until ${say.goesAt(nowMs + longestMs)} at most, counted from now.`,
    {
      advice: `katabot extend ${name}${where} --until ${new Date(nowMs + longestMs).toISOString().slice(0, 16)}Z`,
    },
  );
}
