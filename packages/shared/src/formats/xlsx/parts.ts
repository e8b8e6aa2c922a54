// The parts of an xlsx package without rows: styles, workbook, relationships (ECMA-376 parts 1 and 2).
import type { Column, ColumnKind } from '../../vocabulary/table.ts'

/** Positions in `cellXfs` of the styles part. */
export const STYLE = { plain: 0, header: 1, timestamp: 2, date: 3, quoted: 4 } as const

const DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const RELATIONSHIPS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006'
const TYPES = 'application/vnd.openxmlformats-officedocument.spreadsheetml'

/** Column widths in characters, for typical values. */
const WIDTHS: Record<ColumnKind, number> = {
  uuid: 38,
  text: 28,
  integer: 12,
  bigint: 20,
  float: 16,
  numeric: 20,
  boolean: 9,
  timestamp: 24,
  date: 12,
  json: 50,
}
const WIDEST = 60

export const rootRelationships =
  `${DECLARATION}<Relationships xmlns="${PACKAGE}/relationships">` +
  `<Relationship Id="rId1" Type="${RELATIONSHIPS}/officeDocument" Target="xl/workbook.xml"/></Relationships>`

// With quotePrefix, Excel keeps the cell as text when it is edited. Format 49 is "Text".
export const styles =
  `${DECLARATION}<styleSheet xmlns="${MAIN}">` +
  '<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss.000"/>' +
  '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd"/></numFmts>' +
  '<fonts count="2"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font>' +
  '<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>' +
  '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>' +
  '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>' +
  '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>' +
  '<cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>' +
  '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" quotePrefix="1" applyNumberFormat="1" applyFont="1"/>' +
  '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>' +
  '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>' +
  '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1" applyNumberFormat="1"/></cellXfs>' +
  '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'

const sheetName = (number: number) => `Sheet${number}`
export const sheetPath = (number: number) => `xl/worksheets/sheet${number}.xml`

export function workbook(sheets: number): string {
  const items = upTo(sheets, (n) => `<sheet name="${sheetName(n)}" sheetId="${n}" r:id="rId${n}"/>`)
  return (
    `${DECLARATION}<workbook xmlns="${MAIN}" xmlns:r="${RELATIONSHIPS}">` +
    `<bookViews><workbookView/></bookViews><sheets>${items}</sheets></workbook>`
  )
}

export function workbookRelationships(sheets: number): string {
  const items = upTo(
    sheets,
    (n) => `<Relationship Id="rId${n}" Type="${RELATIONSHIPS}/worksheet" Target="worksheets/sheet${n}.xml"/>`,
  )
  return (
    `${DECLARATION}<Relationships xmlns="${PACKAGE}/relationships">${items}` +
    `<Relationship Id="rId${sheets + 1}" Type="${RELATIONSHIPS}/styles" Target="styles.xml"/></Relationships>`
  )
}

export function contentTypes(sheets: number): string {
  const items = upTo(sheets, (n) => `<Override PartName="/${sheetPath(n)}" ContentType="${TYPES}.worksheet+xml"/>`)
  return (
    `${DECLARATION}<Types xmlns="${PACKAGE}/content-types">` +
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
    '<Default Extension="xml" ContentType="application/xml"/>' +
    `<Override PartName="/xl/workbook.xml" ContentType="${TYPES}.sheet.main+xml"/>` +
    `<Override PartName="/xl/styles.xml" ContentType="${TYPES}.styles+xml"/>${items}</Types>`
  )
}

/** The XML before the first row, with a frozen header and column widths. The first sheet is the active one. */
export function sheetStart(columns: readonly Column[], number: number): string {
  const widths = columns.map(({ name, kind }, index) => {
    const width = Math.min(Math.max(WIDTHS[kind], name.length + 2), WIDEST)
    return `<col min="${index + 1}" max="${index + 1}" width="${width}" customWidth="1"/>`
  })
  return (
    `${DECLARATION}<worksheet xmlns="${MAIN}"><sheetViews><sheetView${number === 1 ? ' tabSelected="1"' : ''} ` +
    'workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>' +
    '<selection pane="bottomLeft"/></sheetView></sheetViews>' +
    `<cols>${widths.join('')}</cols><sheetData>`
  )
}

export const sheetEnd = '</sheetData></worksheet>'

function upTo(count: number, item: (number: number) => string): string {
  return Array.from({ length: count }, (_, index) => item(index + 1)).join('')
}
