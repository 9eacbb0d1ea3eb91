import { type Decision, glassVerdict, type Needs } from '../policy/index.ts';
import type { Block } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import type { KnownPlace } from './about.ts';
import type { Ground } from './ground.ts';
import type { Command, Said } from './verb.ts';

/** What is left of the needs of somebody who breaks the glass, and what is told of it. */
export interface Glass {
  readonly rule: string;
  readonly left: Needs | undefined;
  readonly told: readonly Block[];
}

/** An operator with a reason may go past people and clocks. That a stranger's code is looked at first stays. */
export function breakGlass(
  { policy }: Pick<Ground, 'policy'>,
  { caller }: Pick<Said, 'caller'>,
  { options }: Command,
  { place }: KnownPlace,
  needs: Needs | undefined,
): Glass | Extract<Decision, { allowed: false }> {
  const decision = policy.decide(caller, 'operator', 'break the glass', place);
  if (!decision.allowed) return decision;
  const reason = options['reason'];
  const refusal = glassVerdict(reason);
  if (refusal) return refusal;
  const approvals = needs?.approvals ?? [];
  const past = approvals.filter(({ why }) => why !== 'fork');
  const by = caller.name.replace(/^github:/, '');
  return {
    rule: `break-glass (${decision.rule})`,
    left: needs && { ...needs, approvals: approvals.filter(({ why }) => why === 'fork'), waitMs: 0 },
    told: say.glassBlocks(by, String(reason), past, needs?.waitMs ?? 0),
  };
}
