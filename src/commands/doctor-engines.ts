import { within } from '../clock.ts';
import { type EngineFacts, isIsolated } from '../engines/index.ts';
import { messageOf } from '../failure.ts';
import { groupSize } from '../spec/index.ts';
import { broken, type Finding, fine, warning } from './finding.ts';
import type { Ground, Location } from './ground.ts';

const ENGINE_TIMEOUT_MS = 5_000;
const MOST_SKEW_MS = 2_000;

/** What each location's engine is, and whether groups can be put on it. */
export async function lookAtEngines(ground: Ground): Promise<Finding[]> {
  const looks = Object.entries(ground.locations).map(async ([name, location]) => {
    try {
      const limit = AbortSignal.timeout(ENGINE_TIMEOUT_MS);
      const facts = await within(limit, location.engine.describe(limit));
      return [
        fine(
          name,
          `engine ${facts.version}, ${facts.operatingSystem} ${facts.architecture}, runtime ${facts.runtime}`,
        ),
        isolationFinding(name, location, facts),
        skewFinding(name, facts),
        ...routingFindings(name, location, facts),
        await memoryFinding(ground, name, facts),
      ];
    } catch (error) {
      return [
        broken(
          name,
          `its engine does not answer (${messageOf(error)})`,
          'Start it, or mend its address in the settings.',
        ),
      ];
    }
  });
  const found = (await Promise.all(looks)).flat();
  return found.length
    ? found
    : [broken('locations', 'there is none', 'Add one under locations in the settings.')];
}

function isolationFinding(name: string, location: Location, facts: EngineFacts): Finding {
  if (!isIsolated(facts.isolation, location.isolation)) {
    return broken(
      name,
      `requires ${location.isolation} isolation and shows ${facts.isolation}: every deploy is refused${facts.isolationSaw ? ` (${facts.isolationSaw})` : ''}`,
      `Give it an isolating runtime, or allow less: locations.${name}.isolation: ${facts.isolation}`,
    );
  }
  return facts.isolation === 'none'
    ? warning(name, 'isolation: none, for development only', 'Use a runtime that isolates for anything else.')
    : fine(name, `isolation: ${facts.isolation} (${facts.isolationSaw})`);
}

/** From then on the engine itself keeps out what is routed to a container past its published ports. */
const CLOSED_SINCE = 28;

function routingFindings(name: string, { pools }: Location, { version }: EngineFacts): Finding[] {
  const major = Number.parseInt(version, 10);
  if (Number.isNaN(major) || major >= CLOSED_SINCE) return [];
  return [
    warning(
      name,
      `engine ${version} lets in whoever routes packets to the groups’ own networks, published or not`,
      `On its host: iptables -t raw -I PREROUTING -d ${pools.networks.text} -j DROP; engines from ${CLOSED_SINCE} on need no rule.`,
    ),
  ];
}

function skewFinding(name: string, { skewMs }: EngineFacts): Finding {
  return Math.abs(skewMs) > MOST_SKEW_MS
    ? warning(
        name,
        `its clock differs by ${(skewMs / 1000).toFixed(1)} s`,
        'Run NTP on both machines: bills are made of its times.',
      )
    : fine(name, `clock differs by ${skewMs} ms`);
}

async function memoryFinding(ground: Ground, name: string, facts: EngineFacts): Promise<Finding> {
  const promised = (await ground.desired.list())
    .filter(
      ({ location, wanted, settled }) =>
        location === name && wanted === 'running' && settled !== 'Succeeded' && settled !== 'Failed',
    )
    .reduce((sum, { revision }) => sum + groupSize(revision.group).memoryBytes + facts.overheadBytes, 0);
  const gb = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GB`;
  const text = `${gb(promised)} of ${gb(facts.memoryBytes)} memory promised`;
  return promised > facts.memoryBytes
    ? warning(name, text, 'Delete or stop groups: memory is promised more than once.')
    : fine(name, text);
}
