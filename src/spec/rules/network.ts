import type { Finding } from '../problem.ts';
import type { Group } from '../schema/group.ts';

/** ACI: 5 to 63, a letter first, no hyphen at the end. */
const LABEL = /^[a-z][a-z0-9-]{3,61}[a-z0-9]$/;
/** As networks are called in the settings. */
const NETWORK = /^[a-z0-9][a-z0-9-]{0,39}$/i;
const SUBNETS_SINCE = '2021-07-01';

/** Address, label and network belong together. */
export function networkFindings(group: Group): Finding[] {
  const findings: Finding[] = [];
  const { ipAddress, subnetIds, networkProfile } = group;
  const joins = subnetIds.length > 0 || networkProfile !== undefined;
  if (ipAddress?.dnsNameLabel !== undefined)
    findings.push(...labelFindings(ipAddress.dnsNameLabel, ipAddress.type));
  if (ipAddress?.type === 'Private' && !joins) {
    findings.push({
      code: 'PrivateIPAddressNotSupported',
      path: 'properties.ipAddress.type',
      message: 'A private address needs a network to be private in.',
      advice: 'Add subnetIds, or write Public.',
    });
  }
  if (ipAddress?.type === 'Public' && joins) {
    findings.push({
      code: 'InvalidIpAddressTypeForNetworkProfile',
      path: 'properties.ipAddress.type',
      message: 'A group in a subnet cannot have a public address.',
      advice: 'Write Private, or remove the subnet.',
    });
  }
  if (networkProfile && !isProfileId(networkProfile.id)) {
    findings.push({
      code: 'InvalidNetworkProfile',
      path: 'properties.networkProfile.id',
      message: 'This is neither the id of a network profile nor the name of a network.',
      advice: 'Use subnetIds instead, with the name of a network.',
    });
  }
  if (networkProfile && (group.apiVersion ?? '') >= SUBNETS_SINCE) {
    findings.push({
      severity: 'warning',
      code: 'network-profile-retired',
      path: 'properties.networkProfile',
      atKey: true,
      message: `Network profiles were retired with API ${SUBNETS_SINCE}.`,
      advice: 'Use subnetIds.',
    });
  }
  if (group.dnsConfig && !joins) {
    findings.push({
      code: 'dns-config-without-subnet',
      path: 'properties.dnsConfig',
      atKey: true,
      message: 'dnsConfig works only for a group in a subnet.',
      advice: 'Remove it, or add subnetIds.',
    });
  }
  return findings;
}

/** An id of Azure, or the plain name of a network. */
function isProfileId(id: string): boolean {
  return /\/networkProfiles\/[^/]/i.test(id) || NETWORK.test(id);
}

function labelFindings(label: string, type: string): Finding[] {
  const path = 'properties.ipAddress.dnsNameLabel';
  if (!LABEL.test(label)) {
    const plain = label
      .toLowerCase()
      .replace(/[^a-z0-9-]+/g, '-')
      .replace(/^[^a-z]+|-+$/g, '')
      .slice(0, 63);
    const advice = LABEL.test(plain)
      ? `Write ${plain}.`
      : 'Use 5 to 63 lower-case letters, digits and hyphens; a letter first, no hyphen last.';
    return [
      {
        code: 'dns-label-invalid',
        path,
        message: `"${label.slice(0, 80)}" is no DNS label for a group.`,
        advice,
      },
    ];
  }
  if (type === 'Private') {
    return [
      {
        code: 'InvalidIpAddressTypeForNetworkProfile',
        path,
        message: 'A private address has no public name.',
        advice: 'Remove dnsNameLabel, or write Public.',
      },
    ];
  }
  return [];
}
