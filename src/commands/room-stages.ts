import type { Caller } from '../policy/index.ts';
import type { Block } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import type { Ground } from './ground.ts';
import { endOfLine } from './line.ts';
import type { Accepted } from './plan-files.ts';
import { namesFor } from './visible.ts';

/** What is to be said of a group that has no room as it is: that it would wait, or who goes for it. Nothing for most groups. */
export async function roomStages(
  ground: Ground,
  { key, group, locationName, host, missing, evicts = [] }: Accepted,
  caller: Caller,
): Promise<Block[]> {
  if (evicts.length) return [say.evictsStage(await namesFor(ground, caller, evicts))];
  if (!missing.size) return [];
  const at = { key, group, location: locationName, host: host?.name ?? '' };
  return [say.waitStage(await endOfLine(ground, at, missing))];
}
