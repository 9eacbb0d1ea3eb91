import { partsOf } from '../event.ts';
import * as say from '../replies/index.ts';
import type { Asked, RunVerb } from './verb.ts';
import { groupsFor } from './visible.ts';

/** Who the bot takes somebody for, on each side, what they may do, where, and why. */
export const runWhoami: RunVerb = async function* (ground, { caller }) {
  const grants = ground.policy.grantsOf(caller);
  const environments = new Set((await groupsFor(ground, caller)).map(({ key }) => partsOf(key).environment));
  const isProtected = [...environments].filter((each) => ground.policy.isProtected(each)).sort();
  yield* say.whoamiBlocks(caller, grants, isProtected, lackOf(ground, caller));
  return say.done('whoami', {
    caller: caller.name,
    ...(caller.grants ? {} : { token: { right: caller.right, expiresAtMs: caller.expiresAtMs ?? null } }),
    ...(caller.accounts ? { accounts: caller.accounts } : {}),
    grants,
    protected: isProtected,
  });
};

/** Why somebody may not even deploy, in the words in which they would be refused. */
function lackOf({ policy }: Parameters<RunVerb>[0], caller: Asked['caller']) {
  if (!caller.bar) return undefined;
  const decision = policy.decide(caller, 'deployer', 'deploy');
  return decision.allowed ? undefined : decision;
}
