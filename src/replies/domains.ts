import type { Block } from './document.ts';
import { stage } from './push.ts';

/** A domain of somebody's own, and where it leads. */
export interface DomainView {
  readonly domain: string;
  /** `unseen` until a resolver has answered; `unproved` where it leads to what many groups share. */
  readonly state: 'leads' | 'unproved' | 'elsewhere' | 'unseen';
  /** '' while it does not lead to the group. */
  readonly url: string;
  /** Whether HTTPS is served, but not for this name. */
  readonly unsigned: boolean;
  /** The group's own name. */
  readonly target: string;
  /** The TXT record that says that it is meant for the group. */
  readonly proof: { readonly name: string; readonly text: string };
}

/** Where people reach a group by name: the domains that lead to it, which it is to be known by, and then its own name. Pure. */
export function urlsOf({ url, domains = [] }: ByName): string[] {
  return [...domains.map((domain) => domain.url), url].filter(Boolean);
}

interface ByName {
  readonly url: string;
  readonly domains?: readonly Pick<DomainView, 'url'>[];
}

export function domainStage({ domain, state, url, unsigned, target, proof }: DomainView): Block {
  switch (state) {
    case 'leads':
      return unsigned
        ? stage('done', 'domain', `${url}   plain HTTP: the bot’s own authority signs no names of others`)
        : stage('done', 'domain', url);
    case 'unproved':
      return stage(
        'warning',
        'domain',
        `${domain} leads to the edge, and does not say for which group: make it a CNAME of ${target}, or add ${proof.name} TXT "${proof.text}"`,
      );
    case 'elsewhere':
      return stage('warning', 'domain', `${domain} does not lead here: make it a CNAME of ${target}`);
    case 'unseen':
      return stage(
        'warning',
        'domain',
        `${domain} could not be looked up yet: it has to be a CNAME of ${target}`,
      );
  }
}
