/** Text into HTML, names into ids. */

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** The id of what the report says of a strategy in a scenario; the matrix links there. */
export function cellId(scenario: string, strategy: string): string {
  return `c-${slug(scenario)}--${slug(strategy)}`;
}

/** JSON that may stand inside a script element. */
export function embeddedJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function slug(name: string): string {
  return encodeURIComponent(name).replaceAll('%', '.');
}
