// Encodes rows for a slow consumer in a separate process, and prints its peak memory in megabytes.
import { setTimeout as sleep } from 'node:timers/promises'
import { FORMATS } from '@waybill/shared/formats/index.ts'
import type { FormatName } from '@waybill/shared/vocabulary/export.ts'
import type { Column } from '@waybill/shared/vocabulary/table.ts'
import { contextWith, copyLine } from './encoding.ts'

const [, , name, count] = process.argv
const columns: readonly Column[] = Array.from({ length: 10 }, (_, i) => ({ name: `c${i}`, kind: 'text' }))

async function* rows() {
  for (let start = 0; start < Number(count); start += 1000)
    yield Buffer.from(
      Array.from({ length: 1000 }, (_, i) =>
        copyLine(columns.map(({ name: c }) => `${c} of row ${start + i}, "quoted"`)),
      ).join(''),
    )
}

let chunks = 0
for await (const _ of FORMATS[name as FormatName].encode(columns, rows(), contextWith().context))
  if (++chunks % 16 === 0) await sleep(1)

process.stdout.write(String(Math.round(process.resourceUsage().maxRSS / 1024)))
