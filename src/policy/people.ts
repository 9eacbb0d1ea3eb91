/** An account in a chat. `home` is the organization whose workspaces share their people, else the workspace: `E…` or `T…`. */
export interface ChatAccount {
  readonly home: string;
  readonly user: string;
}

/** The accounts that are shown to be one person's. */
export interface Accounts {
  /** The number at the code host: who somebody is, whatever they are called. */
  readonly github?: number;
  readonly chat?: ChatAccount;
  /** When somebody has to prove again that both are theirs, epoch ms. */
  readonly untilMs?: number;
}

/** Why somebody who speaks in a chat has less than they could have. */
export type Bar = 'stranger' | 'not-linked' | 'not-named' | 'link-ended' | 'github-away';

/** A chat account and a number at the code host, proved to be one person's. */
export interface Link extends ChatAccount {
  readonly github: number;
  /** What the number was called last; for people to read, never to compare. */
  readonly login: string;
  readonly linkedAtMs: number;
  /** When the code host knew the number last. */
  readonly checkedAtMs: number;
  /** From then on it proves nothing. */
  readonly expiresAtMs: number;
}

/** As long as a link proves something: people change employers and accounts. */
export const LINK_LIFE_MS = 90 * 86_400_000;

/** The book of who is who. It holds no token of anybody. */
export interface PeopleBook {
  find(account: ChatAccount): Promise<Link | undefined>;
  /** Whose number it is in that home, also where the link has ended. */
  holder(home: string, github: number): Promise<Link | undefined>;
  /**
   * Keeps a link in place of an earlier one of the account. Gives the account that holds the number in this home already and
   * keeps nothing then, unless that link has ended.
   */
  link(link: Link): Promise<ChatAccount | undefined>;
  /** Notes that the code host knows the number, and by which name. */
  checked(account: ChatAccount, login: string, atMs: number): Promise<void>;
  /** Gives what there was. */
  unlink(account: ChatAccount): Promise<Link | undefined>;
}

/** `slack:T123/U456`: how an account stands in the settings and in the audit. */
export function nameOfAccount({ home, user }: ChatAccount): string {
  return `slack:${home}/${user}`;
}
