import type { Block } from './document.ts';
import { stage } from './push.ts';

/** A domain of somebody's own, and where it leads. */
export interface DomainView {
  readonly domain: string;
  /** `unseen` until a resolver has answered. */
  readonly state: 'leads' | 'elsewhere' | 'unseen';
  /** '' while it does not lead to the group. */
  readonly url: string;
  /** Whether HTTPS is served, but not for this name. */
  readonly unsigned: boolean;
  /** The group's own name. */
  readonly target: string;
}

export function domainStage({ domain, state, url, unsigned, target }: DomainView): Block {
  switch (state) {
    case 'leads':
      return unsigned
        ? stage('done', 'domain', `${url}   plain HTTP: the bot’s own authority signs no names of others`)
        : stage('done', 'domain', url);
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
