import type { Finding } from '../problem.ts';
import type { Group } from '../schema/group.ts';
import { UPDATES, UPDATES_TAG, updatesOf } from '../updates.ts';

/** A tag of the bot's own that says something else than it can say. */
export function updateFindings(group: Group): Finding[] {
  const value = group.tags?.[UPDATES_TAG];
  if (value === undefined || updatesOf(group)) return [];
  return [
    {
      code: 'updates-unknown',
      path: `tags.${UPDATES_TAG}`,
      message: `"${value.slice(0, 80)}" is no way of updating.`,
      advice: `Write ${UPDATES.join(' or ')}, or remove the tag for what the location does.`,
    },
  ];
}
