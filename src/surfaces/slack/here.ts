import type { Here } from '../../commands/index.ts';
import { type Admission, staleVerdict } from '../../policy/index.ts';
import type { SlackAsk } from '../../store/index.ts';
import type { Desk } from './parts.ts';

const PRODUCTION = 'production';
const IN_A_CHANNEL = { allowed: true, rule: 'in a channel' } as const;

/** A repository as the place that a command is about: named in the line, or that of the thread. */
export function hereIn(
  desk: Desk,
  ask: Pick<SlackAsk, 'saidAtMs' | 'receivedAtMs'>,
  place: { readonly repository: string; readonly environment: string; readonly branch: string },
  environments: readonly string[],
  onDeploy: (begun: { readonly environment: string; readonly commit: string }) => Promise<void>,
): Here {
  const environment = place.environment || PRODUCTION;
  const { repository, branch } = place;
  return {
    repository,
    environment,
    environments: [...new Set([environment, ...desk.parts.settings.environments, ...environments])],
    source: (commit) =>
      desk.parts.places.tree(repository, environment, { commit, branch: branch || undefined }),
    fork: false,
    pull: { number: 0, head: '' },
    async admit(): Promise<Admission> {
      const stale = staleVerdict({ saidAtMs: ask.saidAtMs, heardAtMs: ask.receivedAtMs });
      return stale.allowed ? IN_A_CHANNEL : stale;
    },
    seen: async () => IN_A_CHANNEL,
    async begin({ verb, environment: wanted = environment }, commit = '') {
      if (verb.name === 'deploy') await onDeploy({ environment: wanted, commit });
    },
  };
}
