// The list of formats. The contract tests include every format in it.
import type { FormatName } from '../vocabulary/export.ts'
import { csv } from './csv.ts'
import type { Format } from './format.ts'
import { json } from './json.ts'
import { ndjson } from './ndjson.ts'
import { xlsx } from './xlsx/encoder.ts'

export const FORMATS: Record<FormatName, Format> = { csv, json, ndjson, xlsx }
