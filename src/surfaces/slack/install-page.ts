import { html } from 'hono/html';
import { page } from '../page.ts';

/** The app is in a workspace now. */
export function installedPage(team: string): string {
  return page(
    `Katabot is in ${team}`,
    html`<p>Invite it to a channel with <code>/invite @katabot</code>, then type <code>/kata help</code>.</p>`,
  );
}

export function refusedPage(reference: string): string {
  return page(
    'Not installed',
    reference
      ? html`<p>Slack did not hand over the workspace. Whoever runs the bot finds the reason in the log under ${reference}.</p>`
      : html`<p>This installation was not begun in this browser, or too long ago. Open /slack/install of the bot to begin.</p>`,
  );
}
