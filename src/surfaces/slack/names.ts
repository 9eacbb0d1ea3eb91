import type { Person } from './message/index.ts';

/** A caller as Slack shows people: one of its own users as such, anybody else by name. Pure. */
export function personOf(caller: string): Person {
  const user = /^slack:(?:[TE][A-Z\d]+\/)?([UW][A-Z\d]+)$/.exec(caller)?.[1];
  return user === undefined ? { name: caller.replace(/^github:/, '') } : { name: user, slack: user };
}
