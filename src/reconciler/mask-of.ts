import type { GroupKey } from '../event.ts';
import { type Mask, maskFor } from '../spec/index.ts';
import type { DesiredState } from './wish.ts';

/** A container that still runs, or whose log is read, may belong to one of these. */
const REVISIONS = 10;

/** Hides the secrets that a group has, and those that its last revisions had: what they printed is in the same log. */
export async function maskOf(desired: Pick<DesiredState, 'revisions'>, key: GroupKey): Promise<Mask> {
  return maskFor(...(await desired.revisions(key, REVISIONS)).map(({ group }) => group));
}
