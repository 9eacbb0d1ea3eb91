/** What a message is about, as it is typed: `acme/shop#412` or `acme/shop@9f31c02` of a link to it; '' when there is none. Pure. */
export function targetIn(text: string): string {
  const decoded = text.replace(/&amp;/g, '&').slice(0, 20_000);
  const pull = /https?:\/\/[\w.-]+\/([\w.-]+\/[\w.-]+)\/pull\/([1-9]\d{0,8})\b/.exec(decoded);
  if (pull) return `${pull[1]}#${pull[2]}`;
  const commit = /https?:\/\/[\w.-]+\/([\w.-]+\/[\w.-]+)\/(?:commit|tree|blob)\/([0-9a-f]{7,40})\b/i.exec(
    decoded,
  );
  if (commit) return `${commit[1]}@${commit[2]?.toLowerCase()}`;
  const short = /(?:^|[\s(])([\w.-]+\/[\w.-]+)(#[1-9]\d{0,8}|@[0-9a-f]{7,40})\b/i.exec(decoded);
  return short ? `${short[1]}${short[2]}` : '';
}
