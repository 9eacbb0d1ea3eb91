import type { Gap } from '../../spec/index.ts';
import type { GpuDevice } from '../index.ts';

/** Told where a location hands out no GPU. */
const NO_GPU = {
  because: 'GPUs are not handed out by this location',
  advice: 'Remove `gpu`, or have those of the host listed in the settings: locations.NAME.gpus.',
};

/** What of ACI's schema this engine does not do yet. Each is told at its line; nothing is silently ignored. */
export const DOCKER_GAPS: readonly Gap[] = [
  gap(
    'properties.osType',
    'Windows containers are not run by this location',
    'Use osType: Linux.',
    'Windows',
  ),
  gap('properties.containers[*].properties.resources.requests.gpu', NO_GPU.because, NO_GPU.advice),
  gap('properties.containers[*].properties.resources.limits.gpu', NO_GPU.because, NO_GPU.advice),
  gap(
    'properties.containers[*].properties.securityContext',
    'a security context is not applied by this location',
    'Remove `securityContext`.',
  ),
  gap(
    'properties.initContainers[*].properties.securityContext',
    'a security context is not applied by this location',
    'Remove `securityContext`.',
  ),
  gap(
    'properties.containers[*].properties.configMap',
    'config maps are not mounted by this location',
    'Use a secret or gitRepo volume for files.',
  ),
  gap(
    'properties.volumes[*].azureFile',
    'Azure file shares are not mounted by this location',
    'Use emptyDir, secret or gitRepo.',
  ),
  gap(
    'properties.ipAddress.type',
    'private addresses are not given by this location',
    'Use type: Public, or leave ipAddress out.',
    'Private',
  ),
  gap(
    'properties.subnetIds',
    'groups are not joined to subnets by this location',
    'Remove `subnetIds`; each group has a network of its own.',
  ),
  gap(
    'properties.networkProfile',
    'groups are not joined to subnets by this location',
    'Remove `networkProfile`.',
  ),
  gap(
    'properties.dnsConfig',
    'a DNS configuration of one’s own is not applied by this location',
    'Remove `dnsConfig`.',
  ),
  gap(
    'properties.sku',
    'confidential groups need a host with a trusted execution environment',
    'Use sku: Standard.',
    'Confidential',
  ),
  gap(
    'properties.confidentialComputeProperties',
    'confidential groups need a host with a trusted execution environment',
    'Remove it.',
  ),
  gap(
    'properties.priority',
    'Spot groups are not evicted or priced apart by this location',
    'Use priority: Regular.',
    'Spot',
  ),
  gap(
    'identity.type',
    'managed identities do not exist outside Azure',
    'Hand the group its credentials as secure environment variables.',
    'SystemAssigned',
  ),
  gap(
    'identity.type',
    'managed identities do not exist outside Azure',
    'Hand the group its credentials as secure environment variables.',
    'UserAssigned',
  ),
  gap(
    'identity.type',
    'managed identities do not exist outside Azure',
    'Hand the group its credentials as secure environment variables.',
    'SystemAssigned, UserAssigned',
  ),
  gap('properties.identityAcls', 'managed identities do not exist outside Azure', 'Remove `identityAcls`.'),
  gap(
    'properties.diagnostics',
    'logs are not shipped to Log Analytics by this location',
    'Remove `diagnostics`; `katabot logs` shows them.',
  ),
  gap('properties.extensions', 'extensions are not run by this location', 'Remove `extensions`.'),
  gap(
    'properties.containerGroupProfile',
    'profiles are not known to this location',
    'Write the properties into the file itself.',
  ),
  gap(
    'properties.standbyPoolProfile',
    'standby pools are not known to this location',
    'Remove `standbyPoolProfile`.',
  ),
  {
    ...gap(
      'properties.encryptionProperties',
      'the host’s own disk encryption applies, not a key of yours',
      'Remove it, or have the host’s disks encrypted.',
    ),
    severity: 'warning',
  },
  {
    ...gap('zones', 'a location has no zones', 'Remove `zones`; choose the host with `location`.'),
    severity: 'warning',
  },
];

/** What a location does not do: one that has GPUs hands them out. */
export function dockerGaps(gpus: readonly GpuDevice[]): readonly Gap[] {
  return gpus.length ? DOCKER_GAPS.filter(({ because }) => because !== NO_GPU.because) : DOCKER_GAPS;
}

function gap(path: string, because: string, advice: string, equals?: string): Gap {
  return { path, severity: 'error', because, advice, ...(equals === undefined ? {} : { equals }) };
}
