import type { EngineFacts, Survey } from '../engines/index.ts';
import { type Range, rangeFrom, rangesOverlap } from '../network/index.ts';
import { broken, type Finding, fine, warning } from './finding.ts';
import type { Host } from './ground.ts';

// Pure: whether the groups of a host are kept apart, from each other and from whoever is outside.

/** What was seen of a host. */
interface Examined {
  readonly host: Pick<Host, 'name' | 'pools'>;
  readonly facts: Pick<EngineFacts, 'version'>;
  readonly survey: Survey;
}

/** What a host's networks are, and what is to be mended there. */
export function networkFindings(examined: Examined): Finding[] {
  return [...apartFindings(examined), ...routingFindings(examined), ...clashFindings(examined)];
}

function apartFindings({ host: { name }, survey: { apart } }: Examined): Finding[] {
  if (apart === undefined) return [];
  if (apart === true) return [fine(name, 'groups of one network do not reach those of another')];
  if (apart === false) {
    return [
      broken(
        name,
        'groups of one network reach those of another: the rules by which its engine keeps them apart are not in force',
        'Another engine or a firewall on the host may have rewritten them (iptables -S DOCKER-ISOLATION-STAGE-1). Let only one engine write rules there (--iptables=false for the others), and restart this one.',
      ),
    ];
  }
  return [
    warning(
      name,
      `nobody could see whether its networks are kept apart: ${apart}`,
      'katabot doctor looks again.',
    ),
  ];
}

/** From then on the engine itself keeps out what is routed to a container past its published ports. */
const CLOSED_SINCE = 28;

function routingFindings({
  host: { name, pools },
  facts: { version },
  survey: { bridges = [] },
}: Examined): Finding[] {
  const major = Number.parseInt(version, 10);
  if (Number.isNaN(major) || major >= CLOSED_SINCE) return [];
  const close = 'iptables -t raw -I PREROUTING';
  const rules = [
    // The host's own address in a group's network is where the group answers the engine's proxy, which published IPv6 goes through.
    `${close} -d ${pools.networks.text} -m addrtype ! --dst-type LOCAL -j DROP`,
    // Packets between groups of one network may pass the same chain, from its own bridge.
    ...bridges.map(({ subnet, link }) => `${close} ! -i ${link} -d ${subnet} -j DROP`),
  ];
  return [
    warning(
      name,
      `engine ${version} lets in whoever routes packets to the groups’ own networks, published or not`,
      `On its host: ${rules.join('; ')}; engines from ${CLOSED_SINCE} on need no rule.`,
    ),
  ];
}

/** Bridges of Docker's, and the bot's own. */
const BRIDGE = /^(br-[0-9a-f]{12}|kbt-[0-9a-f]{11}|docker0)$/;

/** What the host reaches elsewhere by an address of a group's: one of the two is not reached. */
function clashFindings({ host: { name, pools }, survey: { machine, bridges = [] } }: Examined): Finding[] {
  if (typeof machine === 'string') return [];
  const own: { readonly what: string; readonly range: Range }[] = [
    { what: 'bridges', range: pools.networks },
    ...bridges.map(({ network, subnet }) => ({
      what: `networks.${network}`,
      range: rangeFrom(subnet, network),
    })),
  ];
  const elsewhere = (machine.routes ?? []).filter(({ link }) => !BRIDGE.test(link));
  return own.flatMap(({ what, range }) =>
    elsewhere
      .filter((route) => rangesOverlap(rangeFrom(route.range, 'route'), range))
      .map((route) =>
        warning(
          name,
          `its route to ${route.range} by ${route.link} and the range ${range.text} (${what}) share addresses, so groups may not be reached, or not reach what is there`,
          `Give ${what} a range that is free on the host.`,
        ),
      ),
  );
}
