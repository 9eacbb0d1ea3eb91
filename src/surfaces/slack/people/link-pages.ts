import { html } from 'hono/html';
import type { ChatAccount } from '../../../policy/index.ts';
import { page } from '../../page.ts';

/** What a browser gets. */
export interface LinkPage {
  readonly status: 200 | 303 | 403 | 409 | 502;
  readonly html: string;
  /** Where the browser goes on. */
  readonly location?: string;
  /** A `set-cookie` line. */
  readonly cookie?: string;
}

export function offerPage(address: string, minutes: number): string {
  return page(
    'Link your accounts',
    html`<p>Somebody in Slack, and only they, got this address from the bot. Two steps show that a GitHub account is theirs:
        sign in with Slack, then with GitHub.</p>
      <p><a class="button" href="${address}" rel="noreferrer">Sign in with Slack</a></p>
      <p>The bot keeps the number of the GitHub account, and no token of either side. If you did not ask for this address,
        close the page. It works for ${minutes} minutes.</p>`,
  );
}

export function linkedPage({ user, home }: ChatAccount, login: string, until: string): string {
  return page(
    'Linked',
    html`<p>In Slack you are <code>${user}</code> in <code>${home}</code>; on GitHub you are <code>${login}</code>. What your
        role on GitHub allows, you may now ask for in Slack.</p>
      <p>It holds until ${until}. To undo it, say <code>/kata unlink</code> in Slack; <code>/kata whoami</code> shows what you
        may do. You can close this page.</p>`,
  );
}

export function gonePage(): string {
  return page(
    'Not from here',
    html`<p>This address was used, is older than 10 minutes, or was opened in another browser. Say <code>/kata link</code> in
        Slack for a new one.</p>`,
  );
}

export function otherPersonPage(): string {
  return page(
    'That is somebody else',
    html`<p>You are signed in to Slack as another person than the one who asked for this address, so nothing was linked. Say
        <code>/kata link</code> in Slack yourself, and open the address that you get.</p>`,
  );
}

export function takenPage(login: string, holder: ChatAccount): string {
  return page(
    'Linked to another account',
    html`<p>The GitHub account <code>${login}</code> belongs to <code>${holder.user}</code> in <code>${holder.home}</code>
        already, and stays with it: one person has one account of a workspace. If that is you as well, say
        <code>/kata unlink</code> there first.</p>`,
  );
}

export function stoppedPage(where: string): string {
  return page(
    'Nothing was linked',
    html`<p>You said no at ${where}. Say <code>/kata link</code> in Slack if you change your mind.</p>`,
  );
}

export function failedPage(where: string, reference: string): string {
  return page(
    'Nothing was linked',
    html`<p>${where} did not say who you are. Say <code>/kata link</code> in Slack and try again. Whoever runs the bot finds
        the reason in the log under ${reference}.</p>`,
  );
}
