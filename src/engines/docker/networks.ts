import { createHash } from 'node:crypto';
import type Docker from 'dockerode';
import type { EndpointSettings, NetworkCreateOptions, NetworkInspectInfo } from 'dockerode';
import { Failure } from '../../failure.ts';
import { joinedNetwork } from '../../spec/index.ts';
import { type NamedNetwork, namesInNetwork, type Pod } from '../index.ts';
import { engineMessage, statusOf } from './causes.ts';
import { LABEL, podId, podLabels } from './labels.ts';
import { foreign, missing, unmade } from './network-causes.ts';
import { removeIfUnused, unlessThere } from './removal.ts';

/** The network that a sandbox is put into, and how it is known there. */
export interface Joint {
  /** What the engine calls it. */
  readonly network: string;
  readonly endpoint: EndpointSettings;
  /** Undefined for a network that is the group's alone. */
  readonly named?: NamedNetwork;
}

/**
 * Where clouds tell a machine its own credentials. It is an address of the sandbox itself, so that what asks there from
 * inside a group never leaves the group; no rule of the host's is needed, and none can be forgotten.
 */
const METADATA_ADDRESS = '169.254.169.254';

/**
 * On a wire that others share, a group must not answer whoever asks the wire for that address: it could tell credentials of its
 * own making. With 2 (the kernel's ip-sysctl.rst) it answers those alone whose address lies in the same subnet as the asked one.
 */
export const ANSWERS_ITS_SUBNET = { 'net.ipv4.conf.all.arp_ignore': '2' };

/** Pure. Throws a Failure `network-unknown` for a network that has left the settings. */
export function jointOf(owner: string, pod: Pod, networks: readonly NamedNetwork[]): Joint {
  const joined = joinedNetwork(pod.group);
  const LinkLocalIPs = [METADATA_ADDRESS];
  if (!joined) {
    return {
      network: podId(owner, pod.key, pod.podRevision),
      endpoint: endpoint({ IPAMConfig: { LinkLocalIPs } }),
    };
  }
  const named = networks.find(({ name }) => name === joined.name);
  if (!named) {
    throw new Failure('network-unknown', `The network ${joined.name} is no longer in the settings.`, {
      advice: 'Put it back into the settings, or have the group join another one.',
    });
  }
  return {
    network: networkName(owner, named),
    endpoint: endpoint({
      IPAMConfig: { IPv4Address: pod.address, LinkLocalIPs },
      Aliases: [...namesInNetwork(pod.key, named.name)],
    }),
    named,
  };
}

/** What an endpoint is asked for; dockerode's type is that of an answer, in which everything is there. */
function endpoint(asked: {
  IPAMConfig: EndpointSettings['IPAMConfig'];
  Aliases?: string[];
}): EndpointSettings {
  return JSON.parse(JSON.stringify(asked));
}

/** Three parts, where the name of a pod has four: the two never meet. */
function networkName(owner: string, { location, name, driver, external }: NamedNetwork): string {
  return driver === 'existing' ? external : `${owner}.${location}.${name}`;
}

/** A network that is a group's alone. Pure. */
export function networkOptions(owner: string, pod: Pod, Driver: 'bridge' | 'nat' = 'bridge') {
  return {
    Name: podId(owner, pod.key, pod.podRevision),
    Driver,
    CheckDuplicate: true,
    IPAM: { Driver: 'default', Config: [{ Subnet: pod.subnet }] },
    Labels: podLabels(owner, pod, 'network'),
  };
}

/** A network of the settings that the bot makes itself. It belongs to no group, so its labels name none. Pure. */
export function namedNetworkOptions(owner: string, named: NamedNetwork): NetworkCreateOptions {
  const { driver, subnet, gateway, parent } = named;
  const name = networkName(owner, named);
  const options = {
    bridge: { 'com.docker.network.bridge.name': bridgeOf(owner, named) },
    macvlan: { parent, macvlan_mode: 'bridge' },
    ipvlan: { parent, ipvlan_mode: 'l2' },
    existing: {},
  }[driver];
  return {
    Name: name,
    Driver: driver,
    CheckDuplicate: true,
    Options: options,
    IPAM: { Driver: 'default', Config: [{ Subnet: subnet, Gateway: gateway }] },
    Labels: { [LABEL.network]: owner },
  };
}

/** The interface of a bridge, which rules of the host's may name; Linux takes 15 letters. */
export function bridgeOf(owner: string, named: NamedNetwork): string {
  const mark = createHash('sha256').update(networkName(owner, named)).digest('hex');
  return `kbt-${mark.slice(0, 11)}`;
}

/** Networks that are being made, by their name: of two groups that come at once, one makes it and the other waits for that. */
export type Making = Map<string, Promise<void>>;

/**
 * Makes the network of a sandbox where it is not there yet. One that exists already is used as it is; one of the bot's own that
 * the settings describe otherwise now is made anew, unless somebody is in it. Throws a Failure that names the cause.
 */
export async function ensureNetwork(
  docker: Docker,
  { owner, making }: { readonly owner: string; readonly making: Making },
  pod: Pod,
  { network, named }: Joint,
): Promise<void> {
  if (!named) return unlessThere(docker.createNetwork(networkOptions(owner, pod)));
  const begun =
    making.get(network) ?? ensureNamed(docker, owner, named).finally(() => making.delete(network));
  making.set(network, begun);
  return begun;
}

async function ensureNamed(docker: Docker, owner: string, named: NamedNetwork): Promise<void> {
  const found = await look(docker, networkName(owner, named));
  if (named.driver === 'existing') {
    if (!found) throw missing(named);
    return;
  }
  const wanted = namedNetworkOptions(owner, named);
  if (found && !isOwn(found, owner)) throw foreign(wanted.Name);
  if (found && isAsWanted(found, wanted)) return;
  if (found) await removeOutdated(docker, found, named);
  try {
    await unlessThere(docker.createNetwork(wanted));
  } catch (error) {
    throw unmade(error, named);
  }
}

async function look(docker: Docker, name: string): Promise<NetworkInspectInfo | undefined> {
  try {
    return await docker.getNetwork(name).inspect();
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

function isOwn({ Labels }: NetworkInspectInfo, owner: string): boolean {
  return Labels?.[LABEL.network] === owner;
}

function isAsWanted({ Driver, Options, IPAM }: NetworkInspectInfo, wanted: NetworkCreateOptions): boolean {
  const [is] = IPAM?.Config ?? [];
  const [should] = wanted.IPAM?.Config ?? [];
  const differs = Object.entries(wanted.Options ?? {}).some(([name, value]) => Options?.[name] !== value);
  return (
    Driver === wanted.Driver &&
    is?.['Subnet'] === should?.['Subnet'] &&
    is?.['Gateway'] === should?.['Gateway'] &&
    !differs
  );
}

async function removeOutdated(docker: Docker, found: NetworkInspectInfo, named: NamedNetwork): Promise<void> {
  if (await removeIfUnused(docker, found)) return;
  throw new Failure(
    'network-changed',
    `The settings describe the network ${named.name} otherwise than it was made, and groups are in it.`,
    {
      advice: `Delete or stop the groups that are in it, or undo the change at locations.${named.location}.networks.${named.name}.`,
    },
  );
}

/** Whether a sandbox did not start because its network went away under it, with the last group that was in it. */
export function lostItsNetwork(error: unknown): boolean {
  return /network \S+ not found/i.test(engineMessage(error));
}
