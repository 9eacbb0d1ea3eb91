import { createHmac } from 'node:crypto';
import { Secret } from '../secrets/index.ts';
import { groupLeaves, type Leaf, leavesOf } from './compare.ts';
import type { Field } from './field.ts';
import { container, initContainer } from './schema/containers.ts';
import type { Container, Group, InitContainer } from './schema/group.ts';

/** Changes exactly when a change of the group needs a new pod. The pepper keeps it from telling anything about a secret. */
export function podFingerprint(group: Group, pepper: string): string {
  return fingerprintOf(
    groupLeaves(group).filter(({ effect }) => effect === 'replace'),
    pepper,
  );
}

/** Changes exactly when the member must be made anew. */
export function memberFingerprint(member: Container | InitContainer, pepper: string): string {
  const schema: Field = 'resources' in member ? container : initContainer;
  return fingerprintOf(
    leavesOf(schema, member).filter(({ effect, path }) => effect === 'restart' || path === 'name'),
    pepper,
  );
}

function fingerprintOf(leaves: readonly Leaf[], pepper: string): string {
  const hmac = createHmac('sha256', pepper);
  for (const { path, value } of [...leaves].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    hmac.update(`${path}\0${value instanceof Secret ? value.reveal() : JSON.stringify(value)}\0`);
  }
  return hmac.digest('hex').slice(0, 16);
}
