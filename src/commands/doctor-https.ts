import type { HttpsFacts } from '../network/index.ts';
import { broken, type Finding, fine, warning } from './finding.ts';
import type { Ground } from './ground.ts';

/** By then a certificate has long been due: it was asked for again and again. */
const LATE_MS = 7 * 86_400_000;

/** What shows clients that a name is the bot's, for how long, and what whoever asks has to trust. */
export async function lookAtHttps({ https, clock }: Ground): Promise<Finding[]> {
  const facts = https();
  return facts ? httpsFindings(facts, clock.now()) : [];
}

/** Pure. */
export function httpsFindings({ files, known, local }: HttpsFacts, nowMs: number): Finding[] {
  const findings: Finding[] = [];
  if (local)
    findings.push(
      fine(
        'https',
        `the bot’s own authority signs: curl --cacert ${local.file}, or add that file to what a browser trusts`,
      ),
    );
  for (const { file, life } of files)
    findings.push(
      life.untilMs - nowMs < LATE_MS
        ? broken(
            'https',
            `${file} ends ${day(life.untilMs)}`,
            'Put a new certificate there; it is read by itself.',
          )
        : fine('https', `${file} is good until ${day(life.untilMs)}`),
    );
  const good = known.flatMap(({ life, failures }) => (life && failures === 0 ? [life.untilMs] : []));
  if (good.length)
    findings.push(
      fine(
        'https',
        `${good.length === 1 ? '1 certificate; it' : `${good.length} certificates, the first`} ends ${day(Math.min(...good))} and is renewed before`,
      ),
    );
  for (const { name, problem, retryAtMs, life } of known.filter(({ failures }) => failures > 0)) {
    const again = `It is asked for again at ${new Date(retryAtMs).toISOString()}.`;
    const text = `no ${life ? 'new ' : ''}certificate for ${name}: ${problem}`;
    const late = life !== undefined && life.untilMs - nowMs < LATE_MS;
    findings.push(late ? broken('https', text, again) : warning('https', text, again));
  }
  return findings;
}

/** 2027-03-01 */
function day(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
