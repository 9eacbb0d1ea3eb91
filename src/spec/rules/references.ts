import { OWN } from '../../secrets/index.ts';
import type { Finding } from '../problem.ts';
import { isReference } from '../references.ts';
import type { Group } from '../schema/group.ts';

/** Entries of secretReferences: each once. */
export function secretReferenceFindings(group: Group): Finding[] {
  const names = new Set<string>();
  return group.secretReferences.flatMap(({ name }, index) => {
    const path = `properties.secretReferences[${index}]`;
    const findings: Finding[] = [];
    if (names.has(name)) {
      findings.push({
        code: 'duplicate-reference',
        path: `${path}.name`,
        message: `Two entries are called ${name}.`,
        advice: 'Keep one.',
      });
    }
    names.add(name);
    return findings;
  });
}

/** A reference to nothing; nothing is found where no reference is written. */
export function referenceFindings(group: Group, reference: string | undefined, path: string): Finding[] {
  if (reference === undefined || isReference(group, reference)) return [];
  return [
    {
      code: 'reference-unknown',
      path,
      message: `There is no secretReferences entry called ${reference.slice(0, 80)}.`,
      advice: `Add it under properties.secretReferences, or name a secret of the bot: ${OWN}DATABASE`,
    },
  ];
}
