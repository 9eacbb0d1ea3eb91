import type { Finding } from '../problem.ts';
import type { Group, Probe } from '../schema/group.ts';

/** Exactly one way to probe. */
export function probeFindings(group: Group): Finding[] {
  return group.containers.flatMap((container, index) =>
    (['livenessProbe', 'readinessProbe'] as const).flatMap((name) =>
      oneWay(container[name], `properties.containers[${index}].properties.${name}`),
    ),
  );
}

function oneWay(probe: Probe | undefined, path: string): Finding[] {
  if (!probe || (probe.exec === undefined) !== (probe.httpGet === undefined)) return [];
  const message = probe.exec
    ? 'The probe has both exec and httpGet.'
    : 'The probe has neither exec nor httpGet.';
  return [{ code: 'probe-kind', path, message, advice: 'Set exactly one of the two.' }];
}
