import type { Finding } from '../problem.ts';
import type { EnvironmentVariable, Group } from '../schema/group.ts';
import { containersOf } from './places.ts';
import { referenceFindings } from './references.ts';

/** Set by ACI itself in every container. */
const RESERVED =
  /^(FABRIC_.*|HOSTNAME|FabricPackageFileName|HostedServiceName|IDENTITY_API_VERSION|IDENTITY_HEADER|IDENTITY_SERVER_THUMBPRINT|azurecontainerinstance_restarted_by)$/;

/** Exactly one value each, no name twice, none of the platform's own. */
export function environmentFindings(group: Group): Finding[] {
  return containersOf(group).flatMap(({ container, path }) => {
    const seen = new Set<string>();
    return container.environmentVariables.flatMap((entry, index) => {
      const place = `${path}.properties.environmentVariables[${index}]`;
      const findings = valueFindings(entry, place, group);
      if (seen.has(entry.name)) {
        findings.push({
          code: 'duplicate-variable',
          path: `${place}.name`,
          message: `${entry.name} is set twice.`,
          advice: 'Keep one of the two.',
        });
      }
      seen.add(entry.name);
      if (RESERVED.test(entry.name)) {
        findings.push({
          severity: 'warning',
          code: 'variable-reserved',
          path: `${place}.name`,
          message: `ACI sets ${entry.name} itself.`,
          advice: 'Choose another name if the file should run on Azure as well.',
        });
      }
      return findings;
    });
  });
}

function valueFindings(
  { name, value, secureValue, secureValueReference }: EnvironmentVariable,
  path: string,
  group: Group,
): Finding[] {
  const set = [value, secureValue, secureValueReference].filter((each) => each !== undefined).length;
  if (set !== 1) {
    const message = set === 0 ? `${name} has no value.` : `${name} has ${set} values.`;
    return [
      {
        code: 'InvalidEnvironmentVariable',
        path,
        message,
        advice: 'Set exactly one of value and secureValue; an empty value is written "".',
      },
    ];
  }
  if (value === '' || secureValue?.reveal() === '') {
    return [
      {
        severity: 'warning',
        code: 'variable-empty',
        path,
        message: `${name} is empty; ACI refuses an empty value.`,
        advice: 'It works here; remove it if the file should run on Azure as well.',
      },
    ];
  }
  return referenceFindings(group, secureValueReference, `${path}.secureValueReference`);
}
