// Writes the XML of answers, and reads the two small documents that clients send.

export const XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'

/** An element with elements inside, which are XML already. */
export function element(name: string, ...children: readonly string[]): string {
  return `<${name}>${children.join('')}</${name}>`
}

/** An element with text inside; no element at all for undefined. */
export function text(name: string, value: string | number | boolean | undefined): string {
  return value === undefined ? '' : `<${name}>${escapeXml(String(value))}</${name}>`
}

/** Line ends and tabs too: a parser would normalize them. */
function escapeXml(value: string): string {
  return value.replace(/[<>&'"\r\n\t]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** The inner XML of every element of this name, in order. For documents without CDATA and without attributes inside. */
export function innerXml(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>(.*?)</${name}>`, 'gs'))].map((match) => match[1] ?? '')
}

/** The text of the first element of this name. */
export function innerText(xml: string, name: string): string | undefined {
  return innerXml(xml, name)[0]?.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (all, decimal, hex, entity) => {
    if (entity !== undefined) return ENTITIES[String(entity)] ?? all
    return String.fromCodePoint(decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal))
  })
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
