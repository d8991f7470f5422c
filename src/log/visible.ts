/**
 * Makes text harmless for a terminal and for a reader of lines. What a client or a guest wrote must not move
 * the cursor, recolour the screen, hide text by turning its direction around or forge a line of its own.
 */

/** Control characters (C0, DEL, C1) but the tab, lone surrogates, direction marks, Unicode's line separators. */
const dangerous = /(?!\t)[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]/gu;

/** Nearly every text is this, and telling costs a tenth of replacing. */
const harmless = /^[\t\x20-\x7e]*$/;

/** Text with every dangerous character written out (`\x1b`, `\n`, `\u202e`), at most `charsMax` UTF-16 units long. */
export function visible(text: string, charsMax: number): string {
  if (text.length <= charsMax && harmless.test(text)) return text;
  // Cut before escaping, so that a huge text costs no more than a long one; and after, since escapes are longer.
  return shorten(shorten(text, charsMax).replace(dangerous, escapeCharacter), charsMax);
}

function shorten(text: string, charsMax: number): string {
  // A cut through a surrogate pair would leave half of one.
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1).toWellFormed()}…`;
}

function escapeCharacter(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\r") return "\\r";
  const code = character.charCodeAt(0).toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u${code.padStart(4, "0")}`;
}
