import type { Block, Outcome } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';
import type { SlackAsk } from '../../store/index.ts';
import type { Desk } from './parts.ts';
import { changeRoom } from './rooms.ts';
import { type Told, tell } from './tell.ts';

/** What a deploy tells on its way stands in its message. */
export function tellStep(desk: Desk, room: string, block: Block): void {
  if (block.kind !== 'stage') return;
  const steps = desk.steps.get(room) ?? [];
  // A stage that goes on takes its own place.
  const before = steps.findIndex(
    (each) => each.kind === 'stage' && each.mark === 'running' && each.label === block.label,
  );
  desk.steps.set(room, [...(before < 0 ? steps : steps.toSpliced(before, 1)), block]);
  void changeRoom(desk, room, ({ state }) => (state === 'acknowledged' ? { state: 'deploying' } : {}));
}

/** A deploy has its message, which tells how it went; everything else is answered. */
export async function ended(
  desk: Desk,
  ask: SlackAsk,
  line: string,
  begun: string,
  { outcome, blocks, about = '' }: Told,
): Promise<Outcome> {
  if (outcome.kind === 'waiting') return outcome; // its message says so
  if (!begun) {
    await tell(desk, ask, line, { outcome, blocks, about });
    return outcome;
  }
  const went = outcome.kind === 'done';
  const { message = '', advice = '' }: { message?: unknown; advice?: unknown } = Object(outcome.data);
  if (went) await tell(desk, { ...ask, room: begun }, line, { outcome, blocks: [say.healthyAfter(outcome)] });
  else await tell(desk, { ...ask, room: begun }, line, { outcome: { ...outcome, kind: 'failed' }, blocks });
  await changeRoom(desk, begun, ({ failed, alarmed }) => ({
    state: went ? 'deployed' : outcome.code === 'cancelled' ? 'cancelled' : 'failed',
    code: went ? '' : outcome.code,
    message: String(message),
    advice: String(advice),
    failed: failed + (went ? 0 : 1),
    alarmed: went ? false : alarmed || outcome.code !== 'cancelled',
    endedAtMs: desk.parts.clock.now(),
  }));
  desk.steps.delete(begun);
  return outcome;
}
