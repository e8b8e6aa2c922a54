// Finds an interrupted download of the same request, so that it is resumed instead of exported again.
import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Export, ExportRequestBody } from '@waybill/shared/contract/exports.ts'
import type { WaybillClient } from '../client.ts'
import { WaybillError } from '../http/errors.ts'

export interface Unfinished {
  readonly export: Export
  /** The target path of its file. */
  readonly file: string
}

const PART = /^(.+)\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.part$/

/** @param file the target path; undefined: any name in the working directory */
export async function findUnfinished(
  client: WaybillClient,
  request: ExportRequestBody,
  file: string | undefined,
): Promise<Unfinished | undefined> {
  const directory = file === undefined ? '.' : dirname(file)
  const names = await readdir(directory).catch((): string[] => []) // a missing directory holds no parts
  for (const name of names.sort().reverse()) {
    const [, target = '', id = ''] = PART.exec(name) ?? []
    if (id === '' || (file !== undefined && target !== basename(file))) continue
    const found = await find(client, id)
    if (found?.status === 'completed' && matches(found, request))
      return { export: found, file: join(directory, target) }
  }
  return undefined
}

async function find(client: WaybillClient, id: string): Promise<Export | undefined> {
  try {
    return await client.exports.get(id)
  } catch (error) {
    // It belongs to another server or another caller.
    if (error instanceof WaybillError && error.code === 'NOT_FOUND') return undefined
    throw error
  }
}

/** What the server uses for options that the request omits. */
const CSV_DEFAULTS = { delimiter: ',', bom: false, header: true, escapeFormulas: true }

/** Whether the export has the same request. */
function matches(found: Export, request: ExportRequestBody): boolean {
  const { dataset, format, filters = {}, columns = [], limit = null, compression = 'none', csv } = request
  const wanted = { dataset, format, columns, limit, compression, filters: sorted(filters) }
  const had = { ...found, filters: sorted(found.filters) }
  const isSame = Object.entries(wanted).every(([name, value]) => same(had[name as keyof typeof wanted], value))
  return isSame && (found.csv === undefined || same(sorted(found.csv), sorted({ ...CSV_DEFAULTS, ...csv })))
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function sorted(fields: object): unknown {
  return Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))
}
