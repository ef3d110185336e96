// The weighted length of a text, as core/text.py counts it (twitter-text v3): change both together.

const URL_WEIGHT = 23;
const EMOJI_WEIGHT = 2;
const LABEL_MAX = 63;
const SHORT_PATH_MAX = 40;

const HEAVY = /[^\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]/gu;
const PART =
  "(?:\\p{Emoji_Modifier_Base}\\p{Emoji_Modifier}\\ufe0f?|(?![©®])\\p{Extended_Pictographic}\\ufe0f?|[©®]\\ufe0f)";
const EMOJI = new RegExp(
  "[0-9#*]\\ufe0f?\\u20e3|\\p{RI}{2}|\\u{1f3f4}[\\u{e0030}-\\u{e0039}\\u{e0061}-\\u{e007a}]{3,6}\\u{e007f}" +
    `|${PART}(?:\\u200d${PART}){0,3}`,
  "gu",
);
const DOTTED = /(?<![^\s.])[^\s.]+(?:\.+[^\s.]+)+/gu;
const SHORTENED = /^https?:\/\/t\.co\/([A-Za-z0-9]+)(?:\?[A-Za-z0-9!?*'@();:&=+$/%#[\]\-_.,~|]*[A-Za-z0-9\-_&=#/])?/i;

let pattern; // of URLs, from core/markup.py: fetched when a text may hold one

/** The length that a composer bounds. */
export async function weightOf(text) {
  const whole = text.normalize("NFC");
  const urls = whole.includes(".") ? urlsIn(whole, await (pattern ??= fetchPattern())) : [];
  let rest = "";
  let from = 0;
  for (const { start, end } of urls) {
    rest += `${whole.slice(from, start)}\n`;
    from = end;
  }
  rest += whole.slice(from);
  const emoji = rest.match(EMOJI)?.length ?? 0;
  rest = rest.replace(EMOJI, "");
  const heavy = rest.match(HEAVY)?.length ?? 0;
  return (URL_WEIGHT - 1) * urls.length + EMOJI_WEIGHT * emoji + [...rest].length + heavy;
}

async function fetchPattern() {
  try {
    const answer = await fetch(new URL("./urls.txt", import.meta.url));
    return new RegExp(await answer.text(), "gu");
  } catch {
    pattern = undefined;
    return /(?!)/gu; // without it a URL counts as text
  }
}

function urlsIn(text, urls) {
  const found = [];
  for (const dotted of text.matchAll(DOTTED)) {
    urls.lastIndex = dotted.index;
    for (let match; (match = urls.exec(text)) && match.index < dotted.index + dotted[0].length; ) {
      const short = SHORTENED.exec(match[0]);
      const host = match.groups.host ?? match.groups.latin_host;
      if (short?.[1].length > SHORT_PATH_MAX || !host.split(".").every(isLabel)) continue;
      found.push({ start: match.index, end: match.index + (short?.[0] ?? match[0]).length });
    }
  }
  return found;
}

/** Whether a part of a host name is short enough, in the form that goes to DNS. */
function isLabel(label) {
  if (/^[\x00-\x7f]*$/.test(label)) return label.length <= LABEL_MAX;
  if (/^xn--/i.test(label)) return false;
  const { hostname = "" } = URL.parse?.(`http://${label}.com`) ?? {};
  return hostname.length <= LABEL_MAX + ".com".length;
}
