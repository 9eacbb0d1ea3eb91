import type { CaddyFacts } from '../network/index.ts';
import { broken, type Finding, fine } from './finding.ts';
import type { Ground } from './ground.ts';

/** Whether the Caddy that serves names answers, and has what it should. */
export async function lookAtCaddy({ caddy }: Ground): Promise<Finding[]> {
  const facts = await caddy();
  return facts ? caddyFindings(facts) : [];
}

/** Pure. */
export function caddyFindings({
  admin,
  version,
  names,
  problem,
  advice,
  signsItself,
}: CaddyFacts): Finding[] {
  if (problem) return [broken('caddy', problem, advice)];
  const serves = `serves ${names === 1 ? '1 name' : `${names} names`}, told at ${admin}`;
  const findings = [fine('caddy', version ? `${version} ${serves}` : serves)];
  if (signsItself)
    findings.push(
      fine(
        'caddy',
        `its own authority signs; what to trust: curl -s ${admin}/pki/ca/local/certificates > caddy.pem`,
      ),
    );
  return findings;
}
