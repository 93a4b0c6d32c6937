const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Any text as text: in HTML and SVG, between tags and in quoted attributes. Control characters, which XML refuses,
 * become spaces.
 */
export function escapeText(text: string): string {
  return text.replace(/\p{Cc}/gu, " ").replace(/[&<>"']/g, (letter) => entities[letter] ?? letter);
}
