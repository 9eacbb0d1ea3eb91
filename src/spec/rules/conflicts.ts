import type { Finding } from '../problem.ts';
import type { Group } from '../schema/group.ts';
import { containersOf } from './places.ts';

/** Newest API version that is known; others are passed on with a word. */
const KNOWN_VERSIONS = new Set(
  `2017-08-01-preview 2017-10-01-preview 2017-12-01-preview 2018-02-01-preview 2018-04-01 2018-06-01 2018-07-01 2018-09-01 2018-10-01
   2019-01-01 2019-12-01 2020-10-10 2020-11-01 2021-03-01 2021-07-01 2021-09-01 2021-10-01 2022-09-01 2022-10-01-preview
   2023-02-01-preview 2023-05-01 2024-05-01-preview 2024-09-01-preview 2024-10-01-preview 2024-11-01-preview 2025-09-01
   2026-05-01 2026-06-01-preview 2026-07-01 2026-08-01-preview 2026-09-01-preview`.split(/\s+/),
);

/** What ACI does not combine. */
export function conflictFindings(group: Group): Finding[] {
  return [
    ...versionFindings(group),
    ...windowsFindings(group),
    ...spotFindings(group),
    ...gpuFindings(group),
    ...identityFindings(group),
    ...confidenceFindings(group),
    ...otherFindings(group),
  ];
}

function versionFindings({ apiVersion }: Group): Finding[] {
  if (apiVersion === undefined || KNOWN_VERSIONS.has(apiVersion)) return [];
  const [, day, month, year] = /^(\d\d)-(\d\d)-(\d{4})$/.exec(apiVersion) ?? [];
  const turned = [`${year}-${day}-${month}`, `${year}-${month}-${day}`].find((each) =>
    KNOWN_VERSIONS.has(each),
  );
  return [
    {
      severity: 'warning',
      code: 'api-version-unknown',
      path: 'apiVersion',
      message: `The API version ${apiVersion.slice(0, 40)} is not known; the file is read as 2026-07-01.`,
      advice: `Write one of ACI’s, such as '${turned ?? '2023-05-01'}'.`,
    },
  ];
}

function windowsFindings(group: Group): Finding[] {
  if (group.osType !== 'Windows') return [];
  const findings: Finding[] = [];
  const not = (code: string, path: string, message: string) =>
    findings.push({ code, path, message, advice: `Use osType: Linux, or ${withoutIt(path)}.` });
  if (group.containers.length + group.initContainers.length > 1)
    not('windows-one-container', 'properties.containers', 'A Windows group has exactly one container.');
  if (group.volumes.length)
    not('WindowsContainersVolumeNotSupported', 'properties.volumes', 'Windows containers have no volumes.');
  if (group.identity && group.identity.type !== 'None')
    not('IdentityNotSupportedOnWindows', 'identity', 'Windows groups have no managed identity.');
  const gpu = gpuPlace(group);
  if (gpu) not('windows-no-gpu', gpu, 'Windows containers get no GPU.');
  if (group.dnsConfig)
    not('windows-no-dns-config', 'properties.dnsConfig', 'Windows groups have no dnsConfig.');
  if (group.subnetIds.length || group.networkProfile)
    not(
      'windows-no-subnet',
      group.subnetIds.length ? 'properties.subnetIds' : 'properties.networkProfile',
      'Windows groups join no subnet.',
    );
  if (group.sku === 'Confidential')
    not(
      'ConfidentialContainerGroupSkuIsNotSupported',
      'properties.sku',
      'Windows groups cannot be confidential.',
    );
  return findings;
}

function spotFindings(group: Group): Finding[] {
  if (group.priority !== 'Spot') return [];
  const findings: Finding[] = [];
  const not = (code: string, path: string, message: string) =>
    findings.push({ code, path, message, advice: `Use priority: Regular, or ${withoutIt(path)}.` });
  if (group.ipAddress || group.subnetIds.length || group.networkProfile) {
    not(
      'SpotPriorityContainerGroupNotSupportedForInboundConnectivity',
      group.ipAddress
        ? 'properties.ipAddress'
        : group.subnetIds.length
          ? 'properties.subnetIds'
          : 'properties.networkProfile',
      'A Spot group has no address and no subnet.',
    );
  }
  if (group.sku !== 'Standard' && group.sku !== 'NotSpecified')
    not(
      'SpotPriorityContainerGroupNotSupportedInSku',
      'properties.sku',
      `A Spot group cannot be ${group.sku}.`,
    );
  const gpu = gpuPlace(group);
  if (gpu) not('SpotPriorityContainerGroupWithGPUResourcesNotSupported', gpu, 'A Spot group has no GPU.');
  return findings;
}

function gpuFindings(group: Group): Finding[] {
  if (!gpuPlace(group)) return [];
  const findings: Finding[] = [];
  if (group.subnetIds.length)
    findings.push({
      code: 'gpu-in-subnet',
      path: 'properties.subnetIds',
      message: 'A group with GPUs cannot join a subnet.',
      advice: 'Remove one of the two.',
    });
  if (group.zones.length)
    findings.push({
      code: 'gpu-in-zone',
      path: 'zones',
      message: 'A group with GPUs cannot be put into a zone.',
      advice: 'Remove zones.',
    });
  return findings;
}

function identityFindings({ identity }: Group): Finding[] {
  if (!identity?.type?.includes('UserAssigned') || identity.userAssignedIdentities.length) return [];
  return [
    {
      severity: 'warning',
      code: 'identity-without-ids',
      path: 'identity.type',
      message: `The identity is ${identity.type}, and no user-assigned identity is named.`,
      advice: 'List ARM ids under identity.userAssignedIdentities, each with {} behind it.',
    },
  ];
}

function confidenceFindings(group: Group): Finding[] {
  if (group.sku === 'Confidential') return [];
  return containersOf(group).flatMap(({ container, path }): Finding[] =>
    container.securityContext
      ? [
          {
            severity: 'warning',
            code: 'security-context-not-confidential',
            path: `${path}.properties.securityContext`,
            atKey: true,
            message: 'ACI knows a securityContext in confidential groups only.',
            advice: 'Remove it if the file should run on Azure as well, or write sku: Confidential.',
          },
        ]
      : [],
  );
}

function otherFindings(group: Group): Finding[] {
  const findings: Finding[] = [];
  const { confidentialComputeProperties: confidential, standbyPoolProfile, zones, subnetIds } = group;
  if (confidential?.ccePolicy !== undefined && !/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(confidential.ccePolicy)) {
    findings.push({
      code: 'cce-policy-not-base64',
      path: 'properties.confidentialComputeProperties.ccePolicy',
      message: 'The CCE policy is not base64.',
      advice: 'Encode it: base64 -w0 policy.rego',
    });
  }
  if (zones.length > 1)
    findings.push({
      severity: 'warning',
      code: 'zones-several',
      path: 'zones',
      message: 'Only one zone takes effect.',
      advice: 'Keep one.',
    });
  if (zones.length && subnetIds.length)
    findings.push({
      severity: 'warning',
      code: 'zones-in-subnet',
      path: 'zones',
      message: 'ACI’s older documentation does not combine zones and subnets.',
      advice: 'Remove one of the two if Azure refuses it.',
    });
  if (subnetIds.length > 1)
    findings.push({
      severity: 'warning',
      code: 'subnets-several',
      path: 'properties.subnetIds',
      message: 'Only one subnet takes effect.',
      advice: 'Keep one.',
    });
  if (
    standbyPoolProfile &&
    (group.volumes.length || group.ipAddress || group.imageRegistryCredentials.length)
  ) {
    findings.push({
      code: 'BadRequest',
      path: 'properties.standbyPoolProfile',
      atKey: true,
      message: 'A group from a standby pool takes nothing but a config map.',
      advice: 'Remove the other properties.',
    });
  }
  return findings;
}

/** Where the first GPU is asked for. */
function gpuPlace({ containers }: Group): string | undefined {
  for (const [index, { resources }] of containers.entries()) {
    const base = `properties.containers[${index}].properties.resources`;
    if (resources.requests.gpu) return `${base}.requests.gpu`;
    if (resources.limits?.gpu) return `${base}.limits.gpu`;
  }
  return undefined;
}

function withoutIt(path: string): string {
  const name = path.split('.').at(-1);
  return name === 'containers' ? 'keep one container' : `remove ${name}`;
}
