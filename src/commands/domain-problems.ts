import { type GroupKey, partsOf } from '../event.ts';
import { customDomainsOf, domainTaken } from '../network/index.ts';
import type { Caller } from '../policy/index.ts';
import type { Group, Problem } from '../spec/index.ts';
import type { Ground } from './ground.ts';
import { problemAt } from './locate.ts';
import { nameFor } from './visible.ts';

const PATH = 'properties.ipAddress.customDomains';

interface Asker {
  readonly key: GroupKey;
  readonly group: Group;
  readonly caller: Caller;
}

/** Custom domains that the group cannot have: names that the bot gives itself, and those that another group holds. */
export async function domainProblems(
  ground: Ground,
  file: { path: string; text: string },
  { key, group, caller }: Asker,
): Promise<Problem[]> {
  const written = group.ipAddress?.customDomains ?? [];
  if (!written.length) return [];
  const domains = customDomainsOf(key, group);
  if (!domains.length) return [leftAside(file, partsOf(key).environment)];
  const held = await ground.labels.all();
  const problems = domains.map(async (domain, index): Promise<Problem[]> => {
    const at = (code: string, message: string, advice: string) =>
      problemAt(file, { code, own: true, path: `${PATH}[${index}]`, message, advice });
    if (isInside(domain, ground.edge.domain))
      return [
        at(
          'domain-inside',
          `${domain} lies inside ${ground.edge.domain}, where the bot gives the names.`,
          'Use dnsNameLabel for a name there.',
        ),
      ];
    const label = held.find(({ fqdn }) => fqdn === domain);
    if (!label || label.key === key) return [];
    const { code, message, advice } = domainTaken(domain, await nameFor(ground, caller, label.key));
    return [at(code, message, advice)];
  });
  return (await Promise.all(problems)).flat();
}

function isInside(domain: string, zone: string): boolean {
  return domain === zone || domain.endsWith(`.${zone}`);
}

function leftAside(file: { path: string; text: string }, environment: string): Problem {
  return {
    ...problemAt(file, {
      code: 'domain-left-aside',
      own: true,
      path: PATH,
      message: `Custom domains are served in production, and this is ${environment}.`,
      advice: 'Leave them as they are: here the group has the name of its label alone.',
    }),
    severity: 'warning',
  };
}
