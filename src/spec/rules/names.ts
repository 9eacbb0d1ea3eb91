import type { Finding } from '../problem.ts';
import type { Group } from '../schema/group.ts';
import { containersOf } from './places.ts';

const MOST_CONTAINERS = 60;
/** ACI documents lower case only, yet takes capitals and underscores (its own tutorial is called myContainerGroup). */
const GROUP_NAME = /^[A-Za-z0-9]([-_A-Za-z0-9]{0,61}[A-Za-z0-9])?$/;
const DOCUMENTED_NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** Names of the group and its containers, and how many there may be. */
export function nameFindings(group: Group): Finding[] {
  const findings: Finding[] = [];
  if (!GROUP_NAME.test(group.name)) {
    findings.push({
      code: 'group-name-invalid',
      path: 'name',
      message: `"${group.name.slice(0, 80)}" is no name for a group.`,
      advice: 'Use 1 to 63 letters, digits, hyphens and underscores, a letter or digit at both ends.',
    });
  } else if (!DOCUMENTED_NAME.test(group.name)) {
    findings.push({
      severity: 'warning',
      code: 'group-name-unusual',
      path: 'name',
      message: `ACI documents lower-case letters, digits and single hyphens for names, not "${group.name}".`,
      advice: `${group.name.toLowerCase().replace(/[^a-z0-9]+/g, '-')} is safe everywhere.`,
    });
  }
  const all = containersOf(group);
  const seen = new Map<string, string>();
  for (const { container, path } of all) {
    const twin = seen.get(container.name);
    if (twin)
      findings.push({
        code: 'duplicate-container',
        path: `${path}.name`,
        message: `Two containers are called ${container.name}.`,
        advice: `Rename one; the other is ${twin}.`,
      });
    seen.set(container.name, path);
  }
  if (!group.containers.length) {
    findings.push({
      code: 'InvalidRequestContent',
      path: 'properties.containers',
      message: 'The group has no container.',
      advice: 'List at least one under properties.containers.',
    });
  }
  if (all.length > MOST_CONTAINERS) {
    findings.push({
      code: 'too-many-containers',
      path: 'properties.containers',
      message: `The group has ${all.length} containers; ACI allows ${MOST_CONTAINERS}, init containers counted.`,
      advice: 'Split the group.',
    });
  }
  return findings;
}
