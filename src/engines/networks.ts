import { createHash } from 'node:crypto';
import { type GroupKey, partsOf } from '../event.ts';

/** A network that the settings name and that groups may join. */
export interface NamedNetwork {
  readonly name: string;
  readonly location: string;
  /** `existing`: somebody else has made it on the host, and goes on owning it. */
  readonly driver: 'bridge' | 'macvlan' | 'ipvlan' | 'existing';
  /** All of it, such as 10.50.0.0/24; '' for one that exists. */
  readonly subnet: string;
  /** The address by which its groups reach everything else; '' for one that exists. */
  readonly gateway: string;
  /** The host's own interface that macvlan and ipvlan are put on; '' for the others. */
  readonly parent: string;
  /** What an existing one is called on the host; '' for the others. */
  readonly external: string;
}

/**
 * What a group is called in a network: `hello` and `hello.backend`. Outside production the environment is part of it,
 * `hello-pr-12`, so that a preview never takes production's name. Another group's may be the same: see `namesClash`.
 */
export function namesInNetwork(key: GroupKey, network: string): readonly [string, string] {
  const { environment, name } = partsOf(key);
  const own = withinLabel(environment === 'production' ? name : `${name}-${environment}`).toLowerCase();
  return [own, `${own}.${network}`];
}

/** Whether two groups of one network would answer to one name, as `hello-pr` in production and `hello` in `pr`. */
export function namesClash(one: GroupKey, other: GroupKey): boolean {
  return one !== other && namesInNetwork(one, '')[0] === namesInNetwork(other, '')[0];
}

/** DNS's limit for one label. */
const LONGEST_LABEL = 63;

function withinLabel(text: string): string {
  if (text.length <= LONGEST_LABEL) return text;
  const mark = createHash('sha256').update(text).digest('hex').slice(0, 8);
  return `${text.slice(0, LONGEST_LABEL - mark.length - 1).replace(/-+$/, '')}-${mark}`;
}
