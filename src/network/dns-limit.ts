import type { Clock } from '../clock.ts';
import { parseAddress } from './ranges.ts';

/** What happens to an answer: it goes, only its mark goes that says to come over TCP, or nothing does. */
export type Verdict = 'send' | 'slip' | 'drop';

/** Networks that are counted at once; a flood from more of them than this counts as one network. */
const MOST_NETWORKS = 20_000;

/**
 * So many answers a second for each network of clients (/24 of IPv4, /56 of IPv6), because the sender of a datagram may be
 * made up: whoever is to be flooded gets no more than that. Of what is above, every second question gets a short answer, so
 * that a real client comes over TCP.
 */
export function createDnsLimit(perSecond: number, clock: Clock): (address: string) => Verdict {
  let second = 0;
  let counts = new Map<string, number>();
  return (address) => {
    if (perSecond === 0) return 'send';
    const now = Math.floor(clock.now() / 1000);
    if (now !== second) {
      second = now;
      counts = new Map();
    }
    const network = counts.size < MOST_NETWORKS ? networkOf(address) : '';
    const count = (counts.get(network) ?? 0) + 1;
    counts.set(network, count);
    if (count <= perSecond) return 'send';
    return (count - perSecond) % 2 === 1 ? 'slip' : 'drop';
  };
}

function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  const dot = mapped.lastIndexOf('.');
  if (dot > 0) return mapped.slice(0, dot);
  return ((parseAddress(mapped.split('%')[0] ?? '')?.value ?? 0n) >> 72n).toString(36);
}
