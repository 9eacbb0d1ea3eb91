import type { Finding } from '../problem.ts';
import type { Group } from '../schema/group.ts';
import { configMapFindings } from './config-maps.ts';
import { conflictFindings } from './conflicts.ts';
import { domainFindings } from './domains.ts';
import { environmentFindings } from './environment.ts';
import { nameFindings } from './names.ts';
import { networkFindings } from './network.ts';
import { portFindings } from './ports.ts';
import { probeFindings } from './probes.ts';
import { secretReferenceFindings } from './references.ts';
import { registryFindings } from './registries.ts';
import { resolverFindings } from './resolver.ts';
import { resourceFindings } from './resources.ts';
import { rightsFindings } from './rights.ts';
import { updateFindings } from './updates.ts';
import { volumeFindings } from './volumes.ts';

/** Every rule that looks at more than one property. Pure. */
export function ruleFindings(group: Group): Finding[] {
  return [
    nameFindings,
    portFindings,
    resourceFindings,
    environmentFindings,
    volumeFindings,
    rightsFindings,
    configMapFindings,
    registryFindings,
    secretReferenceFindings,
    probeFindings,
    networkFindings,
    domainFindings,
    resolverFindings,
    conflictFindings,
    updateFindings,
  ].flatMap((findings) => findings(group));
}
