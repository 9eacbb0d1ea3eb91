import { within } from '../clock.ts';
import type { EngineFacts } from '../engines/index.ts';
import { type GroupKey, partsOf } from '../event.ts';
import { messageOf } from '../failure.ts';
import * as say from '../replies/index.ts';
import { broken, type Finding, fine, warning } from './finding.ts';
import type { Ground, Host } from './ground.ts';
import { hostFindings } from './host-findings.ts';
import { promisedOn } from './placing.ts';
import { poolViews } from './standby.ts';

const ENGINE_TIMEOUT_MS = 5_000;
/** Asks more, and starts containers of its own. */
const SURVEY_TIMEOUT_MS = 30_000;

/** What each host is, whether groups can be put on it, and what it lacks. */
export async function lookAtEngines(ground: Ground): Promise<Finding[]> {
  const found = (
    await Promise.all(Object.values(ground.hosts).map((host) => lookAtHost(ground, host)))
  ).flat();
  return found.length
    ? found
    : [broken('locations', 'there is none', 'Add one under locations in the settings.')];
}

async function lookAtHost(ground: Ground, host: Host): Promise<Finding[]> {
  const drained = await drainFindings(ground, host);
  try {
    const limit = AbortSignal.timeout(ENGINE_TIMEOUT_MS);
    const facts = await within(limit, host.engine.describe(limit));
    const longer = AbortSignal.timeout(SURVEY_TIMEOUT_MS);
    const survey = await within(longer, host.engine.survey(longer));
    const required = ground.locations[host.location]?.isolation ?? 'hypervisor';
    return [
      ...hostFindings({ host, required, facts, survey, ownImages: await ground.images.all(host.name) }),
      await memoryFinding(ground, host, facts),
      ...standbyFindings(ground, host),
      ...drained,
      ...(await strangerFindings(ground, host, longer)),
    ];
  } catch (error) {
    return [
      broken(
        host.name,
        `its engine does not answer (${messageOf(error)})`,
        'Start it, or mend its address in the settings. Its groups are left as they are.',
      ),
      ...drained,
    ];
  }
}

async function memoryFinding(ground: Ground, host: Host, facts: EngineFacts): Promise<Finding> {
  const { promised } = promisedOn(await ground.desired.list(), undefined, { host, facts });
  const gb = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GB`;
  const text = `${gb(promised.memoryBytes)} of ${gb(facts.memoryBytes)} memory promised`;
  return promised.memoryBytes > facts.memoryBytes
    ? warning(host.name, text, 'Delete or stop groups: memory is promised more than once.')
    : fine(host.name, text);
}

/** Of each class that is to wait there, how many do. */
function standbyFindings(ground: Ground, { name }: Host): Finding[] {
  return poolViews(ground, name).map((view) => {
    const text = say.poolWords(view);
    return view.why
      ? warning(name, text, 'Until then groups come up without; it is tried again by itself.')
      : fine(name, text);
  });
}

async function drainFindings({ drains }: Ground, { name }: Host): Promise<Finding[]> {
  return (await drains.all())
    .filter(({ host }) => host === name)
    .map(({ by, atMs }) =>
      warning(
        name,
        `takes no new groups since ${say.goesAt(atMs)}, as ${by} has said`,
        `katabot host undrain ${name}`,
      ),
    );
}

/** Groups of this bot that run here and are wanted nowhere, or somewhere else: nobody touches them. */
async function strangerFindings(ground: Ground, host: Host, signal: AbortSignal): Promise<Finding[]> {
  const observed = await within(signal, host.engine.observe(signal));
  const places = new Map((await ground.desired.list()).map((wish) => [wish.key, wish.host]));
  const strangers = [...observed.keys()].filter((key) => places.get(key) !== host.name);
  return strangers.map((key: GroupKey) => {
    const elsewhere = places.get(key);
    const { environment, name } = partsOf(key);
    return warning(
      host.name,
      `${name} in ${environment} is on it, and ${elsewhere ? `is wanted on ${elsewhere}` : 'nobody wants it'}`,
      elsewhere
        ? 'Remove its containers on this host by hand; the other one serves.'
        : 'Deploy it again to take it over, or remove its containers by hand.',
    );
  });
}
