// Writes the XML of responses, and reads the two small documents that clients send.

export const XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'

/** An element that contains elements. The children are XML and are not escaped. */
export function element(name: string, ...children: readonly string[]): string {
  return `<${name}>${children.join('')}</${name}>`
}

/** An element that contains text, which is escaped. Undefined gives no element. */
export function text(name: string, value: string | number | boolean | undefined): string {
  return value === undefined ? '' : `<${name}>${escapeXml(String(value))}</${name}>`
}

/** Escapes line ends and tabs too, because a parser would normalize them. */
function escapeXml(value: string): string {
  return value.replace(/[<>&'"\r\n\t]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** The inner XML of each element with this name, in order. Supports neither CDATA nor nested elements of one name. */
export function innerXml(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>(.*?)</${name}>`, 'gs'))].map((match) => match[1] ?? '')
}

/** The text of the first element with this name. */
export function innerText(xml: string, name: string): string | undefined {
  return innerXml(xml, name)[0]?.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (all, decimal, hex, entity) => {
    if (entity !== undefined) return ENTITIES[String(entity)] ?? all
    return String.fromCodePoint(decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal))
  })
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
