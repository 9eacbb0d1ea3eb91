import { proofNameOf } from '../network/index.ts';
import type { DomainState, Wish } from '../reconciler/index.ts';
import type { DomainView } from '../replies/index.ts';
import type { Ground } from './ground.ts';

/** The custom domains of a group as people look at them, from what was seen last unless other states are given. */
export function domainViews(
  { edge, domains, https }: Pick<Ground, 'edge' | 'domains' | 'https'>,
  wish: Wish,
  states: readonly DomainState[] = domains.of(wish),
): DomainView[] {
  const isLocal = https()?.local !== undefined;
  return states.map(({ domain, state }) => {
    const url = state === 'leads' ? edge.urlOf(domain) : '';
    // The bot's own authority is trusted with names of the bot's own domain only.
    const unsigned = isLocal && url.startsWith('http:');
    const proof = { name: proofNameOf(domain), text: domains.proofOf(wish.key) };
    return { domain, state, url, unsigned, target: wish.fqdn, proof };
  });
}
