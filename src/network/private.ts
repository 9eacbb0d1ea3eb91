import type { NamedNetwork } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import { type Family, familyOf, placeOfAddress } from './addresses.ts';
import { type Allocation, type Asked, type Endpoint, freeAddress, wantedAddress } from './endpoints.ts';
import { addressText, isInRange, type Range, rangeFrom, rangeInvalid, rangesOverlap } from './ranges.ts';

/** A network that groups may join, with the addresses that they get there. */
export interface PrivateNetwork extends NamedNetwork {
  /** What is handed out; the gateway and the ends of the subnet never are. */
  readonly addresses: Family;
  /** Of which one may join it: lists of names, or of patterns with `*`. */
  readonly environments: readonly string[];
  readonly repositories: readonly string[];
  readonly callers: readonly string[];
}

/** What the settings say of one. */
interface Given {
  readonly driver: NamedNetwork['driver'];
  readonly subnet?: string | undefined;
  readonly addresses?: string | readonly string[] | undefined;
  readonly gateway?: string | undefined;
  readonly parent?: string | undefined;
  readonly external?: string | undefined;
  readonly environments: readonly string[];
  readonly repositories: readonly string[];
  readonly callers: readonly string[];
}

/** The smallest subnet with an address besides the gateway. */
const LEAST_SUBNET = 4n;

/**
 * Reads the networks of a location. Throws a Failure `range-invalid` for a range that is none, for a gateway outside of its
 * subnet and for two networks, or a network and another range of the location's, that share addresses.
 */
export function privateNetworksFrom(
  location: string,
  given: Readonly<Record<string, Given>>,
  others: readonly { readonly setting: string; readonly range: Range }[] = [],
): Record<string, PrivateNetwork> {
  const read = Object.entries(given).map(([name, each]) => {
    const setting = `locations.${location}.networks.${name}`;
    return { name, setting, ...networkFrom({ name, location, setting }, each) };
  });
  const taken = [...others];
  for (const { setting, claims } of read) {
    for (const range of claims) {
      const other = taken.find((each) => rangesOverlap(each.range, range));
      if (other)
        throw rangeInvalid(setting, range.text, `overlaps with ${other.range.text} of ${other.setting}`);
    }
    taken.push(...claims.map((range) => ({ setting, range })));
  }
  return Object.fromEntries(read.map(({ name, network }) => [name, network]));
}

/** `claims`: what nobody else may hand out. In the network of an office most addresses belong to others anyway. */
function networkFrom(
  { name, location, setting }: { name: string; location: string; setting: string },
  { driver, subnet, gateway, parent = '', external = '', addresses, ...members }: Given,
): { network: PrivateNetwork; claims: readonly Range[] } {
  const whole = subnet === undefined ? undefined : ipv4(subnet, `${setting}.subnet`);
  if (whole && whole.size < LEAST_SUBNET)
    throw rangeInvalid(`${setting}.subnet`, whole.text, 'is smaller than a /30');
  const ranges = [addresses ?? subnet ?? []].flat().map((text) => ipv4(text, `${setting}.addresses`));
  for (const range of ranges) {
    if (whole && !isWithin(range, whole))
      throw rangeInvalid(`${setting}.addresses`, range.text, `does not lie in its subnet ${whole.text}`);
  }
  const way = whole ? gatewayOf(whole, gateway, `${setting}.gateway`) : '';
  return {
    network: {
      name,
      location,
      driver,
      subnet: subnet ?? '',
      gateway: way,
      parent,
      external,
      addresses: familyOf('IPv4', ranges),
      ...members,
    },
    claims: driver === 'bridge' && whole ? [whole] : ranges,
  };
}

/** As in ACI a private address is one of IPv4. */
function ipv4(text: string, setting: string): Range {
  const range = rangeFrom(text, setting);
  if (range.family !== 'IPv4') throw rangeInvalid(setting, text, 'is no range of IPv4');
  return range;
}

function isWithin(inner: Range, outer: Range): boolean {
  return inner.first >= outer.first && inner.first + inner.size <= outer.first + outer.size;
}

function gatewayOf(subnet: Range, given: string | undefined, setting: string): string {
  if (given === undefined) return addressText('IPv4', subnet.first + 1n);
  if (!isInRange(subnet, given))
    throw rangeInvalid(setting, given, `is no address of its subnet ${subnet.text}`);
  return given;
}

/** Whose book its addresses stand in: a slash is in no host's name. */
export function bookOf({ location, name }: Pick<NamedNetwork, 'location' | 'name'>): string {
  return `${location}/${name}`;
}

/**
 * The one address that a group has in a network: what it wants, what it has, else the first that is free. A group that
 * listens at no port has it all the same, as port 0. Pure.
 */
export function allocatePrivate(
  network: PrivateNetwork,
  asked: Asked,
  taken: readonly Endpoint[],
): Allocation {
  const holders = new Map(
    taken.filter(({ key }) => key !== asked.key).map(({ address, key }) => [address, key]),
  );
  const wanted = wantedAddress(asked);
  if (wanted && !isGivenOut(network, wanted)) return { ok: false, why: 'foreign' };
  const holder = holders.get(wanted);
  if (holder !== undefined) return { ok: false, why: 'taken', holder };
  const own = taken.find(({ key }) => key === asked.key)?.address ?? asked.found?.[0]?.address ?? '';
  const refused = asked.refused?.address;
  const isFree = (address: string) =>
    isGivenOut(network, address) && !holders.has(address) && address !== refused;
  const address = [wanted, own].find(isFree) ?? firstFree(network, asked.key, holders, refused);
  if (address === undefined) return { ok: false, why: 'full' };
  const ports = asked.ports.length ? asked.ports : [{ port: 0, protocol: 'TCP' as const }];
  return {
    ok: true,
    published: ports.map(({ port, protocol }) => ({ address, protocol, port, hostPort: port })),
  };
}

function firstFree(
  { addresses, gateway, subnet }: PrivateNetwork,
  key: GroupKey,
  holders: ReadonlyMap<string, GroupKey>,
  refused: string | undefined,
): string | undefined {
  const kept = [gateway, ...endsOf(subnet)].map((address) => [address, key] as const);
  return freeAddress(addresses, new Map([...holders, ...kept]), refused);
}

function isGivenOut({ addresses, gateway, subnet }: PrivateNetwork, address: string): boolean {
  const isKept = address === gateway || endsOf(subnet).includes(address);
  return !isKept && placeOfAddress(addresses, address) !== undefined;
}

/** The address of the network itself, and the one at which all of it is called. */
function endsOf(subnet: string): string[] {
  if (!subnet) return [];
  const { first, size } = rangeFrom(subnet, 'subnet');
  return [first, first + size - 1n].map((value) => addressText('IPv4', value));
}

/** What may be written as `ip`. */
export function rangesOf({ addresses }: PrivateNetwork): string[] {
  return addresses.blocks.map(({ range }) => range.text);
}
