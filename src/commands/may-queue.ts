import type { Asked } from './verb.ts';

/** Whether a group may wait in line for what others hold now: what was said, or else what its repository says. */
export function mayQueue({ options, here }: Pick<Asked, 'options' | 'here'>): boolean {
  const { queue } = options;
  return typeof queue === 'boolean' ? queue : here?.queue === true;
}
