import type { Group } from './schema/group.ts';

/** How a revision takes the place of the one before it. */
export type Updates = (typeof UPDATES)[number];

/** In place: the address stays, and nothing serves for a moment. Beside: a second sandbox, and the old one serves meanwhile. */
export const UPDATES = ['in-place', 'beside'] as const;

/** The tag with which a group says so itself. */
export const UPDATES_TAG = 'katabot-updates';

/** What a group's own tag says; undefined without it. Pure. */
export function updatesOf({ tags }: Pick<Group, 'tags'>): Updates | undefined {
  return UPDATES.find((each) => each === tags?.[UPDATES_TAG]);
}
