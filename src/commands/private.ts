import { namesClash, namesInNetwork } from '../engines/index.ts';
import { type GroupKey, partsOf } from '../event.ts';
import type { PrivateNetwork } from '../network/index.ts';
import { type Caller, holds } from '../policy/index.ts';
import type { Wish } from '../reconciler/index.ts';
import type { PrivatePlace } from '../replies/index.ts';
import { type Group, joinedNetwork, nearestWord, type Problem } from '../spec/index.ts';
import type { Ground, Location } from './ground.ts';
import { problemAt } from './locate.ts';
import { nameFor } from './visible.ts';

// Networks that groups join: which one it is, who may, and what a group is called there.

/** A group that may ask to join a network, and who wants it there. */
interface Joiner {
  readonly key: GroupKey;
  readonly group: Group;
  readonly repository: string;
  readonly locationName: string;
  readonly location: Pick<Location, 'networks'>;
}

/** The network of a location that a group joins; undefined for one with a network of its own. */
export function networkOf(
  location: Pick<Location, 'networks'> | undefined,
  group: Pick<Group, 'subnetIds' | 'networkProfile'>,
): PrivateNetwork | undefined {
  const joined = joinedNetwork(group);
  if (!joined || !location || !Object.hasOwn(location.networks, joined.name)) return undefined;
  return location.networks[joined.name];
}

/** Where a group is reached that joins a network, in words for people; undefined for one with a network of its own. */
export function privatePlace({ locations }: Pick<Ground, 'locations'>, wish: Wish): PrivatePlace | undefined {
  const joined = joinedNetwork(wish.revision.group);
  if (!joined || !wish.address) return undefined;
  const names = locations[wish.location]?.answersNames ? namesInNetwork(wish.key, joined.name) : [];
  return { network: joined.name, names };
}

/** Why a group may not join the network that its file names, at that line. */
export async function networkProblems(
  ground: Ground,
  file: { path: string; text: string },
  joiner: Joiner,
  caller: Caller,
): Promise<Problem[]> {
  const { group, location, locationName } = joiner;
  const joined = joinedNetwork(group);
  if (!joined) return [];
  const at = (code: string, message: string, advice: string) =>
    problemAt(file, { code, own: true, path: joined.path, message, advice });
  const network = networkOf(location, group);
  // Whoever may join none is not told which there are.
  const open = Object.values(location.networks).filter((each) => mayJoin(each, joiner, caller));
  const names = open.map(({ name }) => name);
  if (!network || !open.includes(network)) {
    const message = network
      ? `${group.name} may not join the network ${network.name} of ${locationName}.`
      : `There is no network "${joined.name.slice(0, 80)}" at ${locationName}.`;
    return [
      at(
        network ? 'network-forbidden' : 'network-unknown',
        message,
        adviceFor(joined.name, names, locationName),
      ),
    ];
  }
  const twin = await twinOf(ground, network, joiner);
  if (!twin) return [];
  const [name] = namesInNetwork(joiner.key, network.name);
  const message = `In the network ${network.name} the name ${name} belongs to ${await nameFor(ground, caller, twin)}.`;
  return [at('network-name-taken', message, 'Give the group another name.')];
}

function adviceFor(wanted: string, names: readonly string[], location: string): string {
  const near = nearestWord(wanted, names);
  if (near !== undefined) return `Did you mean ${near}?`;
  if (names.length) return `Write one of: ${names.join(', ')}.`;
  return `There is none that it may join; whoever runs the bot names them in the settings: locations.${location}.networks.`;
}

function mayJoin(
  { environments, repositories, callers }: PrivateNetwork,
  { key, repository }: Joiner,
  { name }: Caller,
): boolean {
  return (
    holds(environments, partsOf(key).environment) && holds(repositories, repository) && holds(callers, name)
  );
}

async function twinOf(
  { desired, locations }: Ground,
  network: PrivateNetwork,
  { key }: Joiner,
): Promise<GroupKey | undefined> {
  const wishes = await desired.list();
  return wishes.find(
    (wish) =>
      namesClash(wish.key, key) && networkOf(locations[wish.location], wish.revision.group) === network,
  )?.key;
}
