import * as say from '../replies/index.ts';
import { broken, type Finding, fine, warning } from './finding.ts';
import type { Ground, LogTargetLook } from './ground.ts';

/** Whether those that the lines of containers go to take them. */
export async function lookAtLogTargets({ logTargets }: Ground): Promise<Finding[]> {
  return logTargets().flatMap(logTargetFindings);
}

/** Pure. */
export function logTargetFindings(look: LogTargetLook): Finding[] {
  const { setting, name, groups, sentLines, refusedLines, refusal, failing } = look;
  const findings = refusedLines
    ? [
        warning(
          'logs',
          `${name} has refused ${refusedLines} lines: ${refusal}`,
          `They are not sent again. Compare what it takes with ${setting}.`,
        ),
      ]
    : [];
  const whose = groups === 1 ? '1 group' : `${groups} groups`;
  if (!failing)
    return [fine('logs', `${name} keeps those of ${whose}, ${sentLines} lines so far`), ...findings];
  return [
    broken(
      'logs',
      `${name} takes none since ${say.goesAt(failing.sinceMs)}: ${failing.why}`,
      `It is tried again by itself, and the lines of ${whose} wait in the engine, 16 MB of each container. Compare it with ${setting}.`,
    ),
    ...findings,
  ];
}
