import { partsOf } from '../event.ts';
import { verifyAudit } from '../policy/index.ts';
import * as say from '../replies/index.ts';
import { lookAtCaddy } from './doctor-caddy.ts';
import { lookAtEngines } from './doctor-engines.ts';
import { lookAtHttps } from './doctor-https.ts';
import { lookAtLogTargets } from './doctor-logs.ts';
import { broken, type Finding, fine, warning } from './finding.ts';
import { glance } from './glance.ts';
import type { Ground } from './ground.ts';
import { missingSecrets } from './supply.ts';
import type { RunVerb } from './verb.ts';

const LEAST_FREE_BYTES = 512 * 2 ** 20;

/** Looks at everything that the bot stands on, and says what to mend. */
export const runDoctor: RunVerb = async function* (ground, _asked, signal) {
  const findings: Finding[] = [];
  for (const look of [
    lookAtEngines,
    lookAtGroups,
    lookAtSecrets,
    lookAtDisk,
    lookAtWatched,
    lookAtMail,
    lookAtLogTargets,
    lookAtNames,
    lookAtHttps,
    lookAtCaddy,
    lookAtAudit,
  ]) {
    for (const finding of await look(ground, signal)) {
      findings.push(finding);
      yield* say.findingBlocks(finding);
    }
  }
  const broken = findings.filter(({ state }) => state === 'broken').length;
  return say.examined(broken, findings);
};

/** Longer than this and somebody waits for an answer. */
const LONGEST_WAIT_MS = 10 * 60_000;

/** What comes in from a code host and goes out to it. */
async function lookAtMail({ machine, clock }: Ground): Promise<Finding[]> {
  const mail = await machine.mail();
  if (!mail) return [];
  const { deliveries, writes } = mail;
  const waited = (atMs: number | undefined) => (atMs === undefined ? 0 : clock.now() - atMs);
  const findings: Finding[] = [];
  if (deliveries.failed)
    findings.push(
      warning(
        'github',
        `${deliveries.failed} deliveries could not be worked on`,
        'The log says why each was given up.',
      ),
    );
  if (waited(deliveries.oldestAtMs) > LONGEST_WAIT_MS)
    findings.push(
      broken(
        'github',
        `${deliveries.waiting} deliveries wait, the oldest ${say.lifetime(waited(deliveries.oldestAtMs))}`,
        'The log says what keeps them.',
      ),
    );
  if (waited(writes.oldestAtMs) > LONGEST_WAIT_MS)
    findings.push(
      broken(
        'github',
        `${writes.waiting} writes wait, the oldest ${say.lifetime(waited(writes.oldestAtMs))}`,
        'Is GitHub away, or the app suspended? They are sent when it answers.',
      ),
    );
  if (findings.length) return findings;
  return [fine('github', `${deliveries.waiting} deliveries and ${writes.waiting} writes wait`)];
}

async function lookAtGroups(ground: Ground, signal: AbortSignal): Promise<Finding[]> {
  const views = await glance(ground, await ground.desired.list(), signal);
  const failed = views.filter(({ failure, state }) => failure !== undefined || state === 'Failed');
  return [
    fine(
      'groups',
      `${views.length} wanted, ${views.filter(({ state }) => state === 'Running').length} running`,
    ),
    ...failed.map(({ name, environment, failure, state }) =>
      warning(
        'groups',
        `${name} in ${environment}: ${failure?.message ?? state}`,
        failure?.advice || `katabot status ${name} in ${environment}`,
      ),
    ),
  ];
}

/** A group keeps the value that it was given; its next deploy would be refused. */
async function lookAtSecrets(ground: Ground): Promise<Finding[]> {
  const found = (await ground.desired.list()).map(async (wish) => {
    const missing = await missingSecrets(ground, wish);
    const { environment, name } = partsOf(wish.key);
    return missing.map(({ secret, advice }) =>
      warning(
        'secrets',
        `${name} in ${environment} refers to ${secret}, which is no longer kept for it`,
        advice,
      ),
    );
  });
  const missing = (await Promise.all(found)).flat();
  return missing.length ? missing : [fine('secrets', `${(await ground.secrets.list()).length} kept`)];
}

async function lookAtDisk(ground: Ground): Promise<Finding[]> {
  const { freeBytes } = await ground.machine.disk();
  const text = `${(freeBytes / 2 ** 30).toFixed(1)} GB free for the bot’s own data`;
  return [
    freeBytes < LEAST_FREE_BYTES
      ? broken('disk', text, 'Free space: without it no wish can be written.')
      : fine('disk', text),
  ];
}

async function lookAtWatched(ground: Ground): Promise<Finding[]> {
  return ground.machine
    .watched()
    .map(({ name, branch, state, message }) =>
      state === 'fine'
        ? fine('watch', `${name} ${branch}: ${message}`)
        : warning(
            'watch',
            `${name} ${branch}: ${message}`,
            'It is looked at again by itself; katabot status shows what runs.',
          ),
    );
}

async function lookAtNames(ground: Ground): Promise<Finding[]> {
  return (await ground.dns()).map((look) => ({ name: 'names', ...look }));
}

async function lookAtAudit(ground: Ground): Promise<Finding[]> {
  const answer = await verifyAudit(ground.audit.all());
  return [
    answer.ok
      ? fine('audit', `${answer.rows === 1 ? '1 row, not' : `${answer.rows} rows, none`} changed`)
      : broken(
          'audit',
          `row ${answer.row}: ${answer.why}`,
          'Somebody wrote into the database: compare it with a backup.',
        ),
  ];
}
