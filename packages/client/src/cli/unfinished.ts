// Finds a download that an earlier call of the same command has left: it is gone on with, instead of exporting anew.
import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Export, ExportRequestBody } from '@waybill/shared/contract/exports.ts'
import type { WaybillClient } from '../client.ts'
import { WaybillError } from '../http/errors.ts'

export interface Unfinished {
  readonly export: Export
  /** Where its file is to be. */
  readonly file: string
}

const PART = /^(.+)\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.part$/

/** @param file where the file is to be; undefined: any name in the working directory */
export async function findUnfinished(
  client: WaybillClient,
  request: ExportRequestBody,
  file: string | undefined,
): Promise<Unfinished | undefined> {
  const directory = file === undefined ? '.' : dirname(file)
  const names = await readdir(directory).catch((): string[] => []) // a directory that is not there holds no parts
  for (const name of names.sort().reverse()) {
    const [, target = '', id = ''] = PART.exec(name) ?? []
    if (id === '' || (file !== undefined && target !== basename(file))) continue
    const found = await find(client, id)
    if (found?.status === 'completed' && answers(found, request))
      return { export: found, file: join(directory, target) }
  }
  return undefined
}

async function find(client: WaybillClient, id: string): Promise<Export | undefined> {
  try {
    return await client.exports.get(id)
  } catch (error) {
    // Of another server, or another caller.
    if (error instanceof WaybillError && error.code === 'NOT_FOUND') return undefined
    throw error
  }
}

/** What an export has where the request says nothing. */
const CSV_DEFAULTS = { delimiter: ',', bom: false, header: true, escapeFormulas: true }

/** Whether the export is what this request would give, but for its moment. */
function answers(found: Export, request: ExportRequestBody): boolean {
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
