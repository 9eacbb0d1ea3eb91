import { partsOf } from '../event.ts';
import * as say from '../replies/index.ts';
import type { RunVerb } from './verb.ts';
import { groupsFor } from './visible.ts';

/** Who the bot takes somebody for, what they may do, where, and why. */
export const runWhoami: RunVerb = async function* (ground, { caller }) {
  const grants = ground.policy.grantsOf(caller);
  const environments = new Set((await groupsFor(ground, caller)).map(({ key }) => partsOf(key).environment));
  const isProtected = [...environments].filter((each) => ground.policy.isProtected(each)).sort();
  yield* say.whoamiBlocks(caller, grants, isProtected);
  return say.done('whoami', {
    caller: caller.name,
    token: { right: caller.right, expiresAtMs: caller.expiresAtMs ?? null },
    grants,
    protected: isProtected,
  });
};
