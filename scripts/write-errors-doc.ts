// Writes docs/errors.md from the table of error codes. Run it when that has changed: a test compares the two.
import { writeFile } from 'node:fs/promises'
import { ERRORS, type ErrorKind } from '../packages/shared/src/vocabulary/errors.ts'

const INTRODUCTION = `# Error codes

Written by \`scripts/write-errors-doc.ts\` from \`packages/shared/src/vocabulary/errors.ts\`; edit that.

Codes are stable: match on them, not on texts. They appear in two places.

- **In an answer**, as \`application/problem+json\` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) with the HTTP
  status below: \`type\`, \`title\`, \`status\`, \`detail\`, \`instance\`, \`code\`, and with \`VALIDATION_FAILED\` the list
  \`errors\` of \`{ path, message }\`. 429 and 503 come with \`Retry-After\`.
- **In an export that failed**, as \`error: { code, message, retryable }\`. The export itself is answered with 200.

*Retryable*: the same request may succeed later. An export that failed with such a code has been tried five times
already (\`WORKER_LOST\`: three times); other codes end it at once. *What to do* is part of the \`detail\` and of the
\`message\`.
`

const GROUPS: readonly { readonly title: string; readonly has: (code: string) => boolean }[] = [
  { title: 'The source database', has: (code) => code.startsWith('SOURCE_') },
  { title: 'The object storage', has: (code) => code.startsWith('STORAGE_') || code === 'FILE_TOO_LARGE' },
  {
    title: 'The worker',
    has: (code) => ['EXPORT_TIMEOUT', 'WORKER_LOST', 'DATASET_UNKNOWN'].includes(code) || code.startsWith('REQUESTER_'),
  },
]

/** The whole file. */
export function renderErrorsDoc(): string {
  const entries: [string, ErrorKind][] = Object.entries(ERRORS)
  const isGrouped = (code: string) => GROUPS.some(({ has }) => has(code))
  const sections = [{ title: 'Requests', has: (code: string) => !isGrouped(code) }, ...GROUPS].map(({ title, has }) =>
    section(
      title,
      entries.filter(([code]) => has(code)),
    ),
  )
  return [INTRODUCTION, ...sections].join('\n')
}

function section(title: string, entries: readonly [string, ErrorKind][]): string {
  const rows = entries.map(([code, { status, retryable, title: meaning, advice }]) => {
    const cells = [`\`${code}\``, String(status), retryable ? 'yes' : 'no', meaning, advice]
    return `| ${cells.map(escapeCell).join(' | ')} |`
  })
  return `## ${title}

| code | status | retryable | meaning | what to do |
|---|---|---|---|---|
${rows.join('\n')}
`
}

/** Keeps GitHub from taking "<key>" for HTML, and a bar for the end of the cell. */
function escapeCell(text: string): string {
  return text.replaceAll('<', '&lt;').replaceAll('|', '\\|')
}

if (import.meta.main) await writeFile(new URL('../docs/errors.md', import.meta.url), renderErrorsDoc())
