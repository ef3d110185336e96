// The weighted length of a text, with the patterns of core/text.py and as that counts.

const URL_WEIGHT = 23;
const EMOJI_WEIGHT = 2;
const LABEL_MAX = 63;
const SHORT_PATH_MAX = 40;
const DOTTED = /(?<![^\s.])[^\s.]+(?:\.+[^\s.]+)+/gu;

let patterns; // fetched when a text may hold more than plain letters

export async function weightOf(text) {
  if (/^[^.\x80-\uffff]*$/.test(text)) return text.length;
  const { url, shortened, emoji, heavy } = await (patterns ??= fetchPatterns());
  const whole = text.normalize("NFC");
  let weight = 0;
  let rest = "";
  let from = 0;
  for (const { start, end } of urlsIn(whole, url, shortened)) {
    rest += `${whole.slice(from, start)}\n`;
    from = end;
    weight += URL_WEIGHT - 1;
  }
  rest += whole.slice(from);
  weight += EMOJI_WEIGHT * (rest.match(emoji)?.length ?? 0);
  rest = rest.replace(emoji, "");
  return weight + [...rest].length + (rest.match(heavy)?.length ?? 0);
}

async function fetchPatterns() {
  const answer = await fetch(new URL("./patterns.json", import.meta.url));
  const all = Object.entries(await answer.json());
  return Object.fromEntries(all.map(([name, source]) => [name, new RegExp(source, name === "shortened" ? "u" : "gu")]));
}

function urlsIn(text, url, shortened) {
  const found = [];
  for (const dotted of text.matchAll(DOTTED)) {
    url.lastIndex = dotted.index;
    for (let match; (match = url.exec(text)) && match.index < dotted.index + dotted[0].length; ) {
      const short = shortened.exec(match[0]);
      const host = match.groups.host ?? match.groups.latin_host;
      if (short?.[1].length > SHORT_PATH_MAX || !host.split(".").every(isLabel)) continue;
      found.push({ start: match.index, end: match.index + (short ?? match)[0].length });
    }
  }
  return found;
}

/** Whether a part of a host name is short enough for DNS. */
function isLabel(label) {
  if (!/[^\x00-\x7f]/.test(label)) return label.length <= LABEL_MAX;
  return !/^xn--/i.test(label) && (URL.parse?.(`http://${label}`)?.hostname ?? "").length <= LABEL_MAX;
}
