// Reads an xlsx file strictly by ECMA-376, without code of the encoder.
import { strict as assert } from 'node:assert'
import { SaxesParser } from 'saxes'
import { readZip } from './read-zip.ts'

export interface SheetCell {
  readonly type: 'text' | 'number' | 'boolean'
  /** Decoded text; for a number, the text in the file. */
  readonly value: string
  readonly numberFormat: string
  readonly bold: boolean
  /** quotePrefix: Excel keeps the cell as text when it is edited. */
  readonly quotePrefix: boolean
}

export interface Sheet {
  readonly name: string
  /** By row number, from 1, and by column, from A. */
  readonly rows: ReadonlyMap<number, ReadonlyMap<string, SheetCell>>
  readonly frozenRows: string | undefined
  readonly widths: readonly number[]
}

interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: Element[]
  text: string
}

export function readXlsx(file: Buffer): Sheet[] {
  const parts = new Map([...readZip(file)].map(([name, bytes]) => [name, decodeUtf8(bytes)]))
  const part = (name: string) => {
    const xml = parts.get(name)
    assert(xml !== undefined, `the package has ${name}`)
    return parse(xml)
  }

  const types = all(part('[Content_Types].xml'), 'Override').map((type) => attribute(type, 'PartName'))
  for (const name of types) assert(parts.has(name.slice(1)), `${name} is declared and there`)
  const [start] = all(part('_rels/.rels'), 'Relationship')
  assert(start !== undefined)
  assert.equal(attribute(start, 'Target'), 'xl/workbook.xml')

  const targets = new Map(
    all(part('xl/_rels/workbook.xml.rels'), 'Relationship').map((it) => [attribute(it, 'Id'), attribute(it, 'Target')]),
  )
  const styles = readStyles(part('xl/styles.xml'))
  return all(part('xl/workbook.xml'), 'sheet').map((it) => {
    const path = `xl/${targets.get(attribute(it, 'r:id'))}`
    assert(types.includes(`/${path}`), `${path} is declared`)
    return readSheet(attribute(it, 'name'), part(path), styles)
  })
}

type Style = Pick<SheetCell, 'numberFormat' | 'bold' | 'quotePrefix'>

function readStyles(root: Element): Style[] {
  const formats = new Map(all(root, 'numFmt').map((it) => [attribute(it, 'numFmtId'), attribute(it, 'formatCode')]))
  const fonts = children(first(root, 'fonts'), 'font').map((font) => children(font, 'b').length > 0)
  return children(first(root, 'cellXfs'), 'xf').map((xf) => ({
    numberFormat: formats.get(attribute(xf, 'numFmtId')) ?? attribute(xf, 'numFmtId'),
    bold: fonts[Number(attribute(xf, 'fontId'))] ?? false,
    quotePrefix: xf.attributes.quotePrefix === '1',
  }))
}

function readSheet(name: string, root: Element, styles: readonly Style[]): Sheet {
  const rows = new Map<number, Map<string, SheetCell>>()
  let lastRow = 0
  for (const row of children(first(root, 'sheetData'), 'row')) {
    const number = Number(attribute(row, 'r'))
    assert(number > lastRow, 'rows ascend')
    lastRow = number
    const cells = new Map<string, SheetCell>()
    for (const c of children(row, 'c')) {
      const [, letters = '', digits] = /^([A-Z]+)(\d+)$/.exec(attribute(c, 'r')) ?? []
      assert.equal(Number(digits), number, 'a cell is in its row')
      cells.set(letters, readCell(c, styles))
    }
    rows.set(number, cells)
  }
  const [pane] = all(root, 'pane')
  const widths = all(root, 'col').map((col) => Number(attribute(col, 'width')))
  return { name, rows, frozenRows: pane?.attributes.state === 'frozen' ? pane.attributes.ySplit : undefined, widths }
}

function readCell(c: Element, styles: readonly Style[]): SheetCell {
  const style = styles[Number(c.attributes.s ?? '0')]
  assert(style !== undefined, 'the style exists')
  assert.equal(children(c, 'f').length, 0, 'no cell is a formula')
  const type = c.attributes.t ?? 'n'
  if (type === 'inlineStr') {
    const t = first(first(c, 'is'), 't')
    // Without this attribute, readers drop leading and trailing white space.
    const kept = t.attributes['xml:space'] === 'preserve' ? t.text : t.text.replace(/^[ \t\n]+|[ \t\n]+$/g, '')
    return { type: 'text', value: decodeXstring(kept), ...style }
  }
  assert(type === 'n' || type === 'b', `cell type ${type}`)
  const value = first(c, 'v').text
  if (type === 'n') assert.match(value, /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/, 'a number cell holds a number')
  return { type: type === 'b' ? 'boolean' : 'number', value, ...style }
}

/** Decodes the escapes of ECMA-376 part 1, 22.9.2.19, from left to right. */
function decodeXstring(text: string): string {
  return text.replaceAll(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

function decodeUtf8(bytes: Buffer): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
}

function parse(xml: string): Element {
  const parser = new SaxesParser({ xmlns: true })
  const root: Element = { name: '', attributes: {}, children: [], text: '' }
  const open = [root]
  parser.on('error', (error) => assert.fail(error))
  parser.on('opentag', (tag) => {
    const attributes = Object.fromEntries(Object.entries(tag.attributes).map(([key, it]) => [key, it.value]))
    const element: Element = { name: tag.name, attributes, children: [], text: '' }
    open.at(-1)?.children.push(element)
    open.push(element)
  })
  parser.on('text', (text) => {
    const element = open.at(-1)
    if (element !== undefined) element.text += text
  })
  parser.on('closetag', () => open.pop())
  parser.write(xml).close()
  return root
}

function children(element: Element, name: string): Element[] {
  return element.children.filter((child) => child.name === name)
}

function all(element: Element, name: string): Element[] {
  return element.children.flatMap((child) => (child.name === name ? [child, ...all(child, name)] : all(child, name)))
}

function first(element: Element, name: string): Element {
  const [found] = all(element, name)
  assert(found !== undefined, `<${name}> is there`)
  return found
}

function attribute(element: Element, name: string): string {
  const value = element.attributes[name]
  assert(value !== undefined, `<${element.name}> has ${name}`)
  return value
}
