import type { Group } from './schema/group.ts';

/** A network by its name, and where the file asks for it. */
export interface JoinedNetwork {
  readonly name: string;
  readonly path: string;
}

/**
 * The network that a group asks to join: the last part of an ARM id, or a plain name. Of several subnets the first one counts,
 * as in ACI. Undefined for a group that has a network of its own.
 */
export function joinedNetwork({
  subnetIds,
  networkProfile,
}: Pick<Group, 'subnetIds' | 'networkProfile'>): JoinedNetwork | undefined {
  const [subnet] = subnetIds;
  if (subnet) return { name: lastPart(subnet.id), path: 'properties.subnetIds[0].id' };
  if (networkProfile) return { name: lastPart(networkProfile.id), path: 'properties.networkProfile.id' };
  return undefined;
}

/** Ids of Azure are the same in any case. */
function lastPart(id: string): string {
  return id.trim().replace(/\/+$/, '').split('/').at(-1)?.toLowerCase() ?? '';
}
