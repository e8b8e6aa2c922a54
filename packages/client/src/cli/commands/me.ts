// `waybill me`: the identity and the permissions of the key.
import type { Me } from '@waybill/shared/contract/me.ts'
import { defineCommand } from '../arguments/command.ts'
import { facts } from '../terminal/output.ts'
import { sayBytes, sayCount } from '../terminal/wording.ts'

export const meCommand = defineCommand({
  name: 'me',
  summary: 'Show your identity, permissions and limits',
  flags: {},
  examples: [{ line: 'waybill me', description: 'Show name, role, datasets and limits' }],
  async run({ context }) {
    const { url } = await context.settings()
    const me = await (await context.client()).me.get()
    context.output.result(me, () =>
      facts([
        ['server', url],
        ['name', me.name],
        ['role', me.role],
        ['datasets', me.datasets.length === 0 ? 'all' : me.datasets.join(', ')],
        ['row limit', `${sayCount(me.limits.maxRows)} per export`],
        ['active exports', `at most ${sayCount(me.limits.maxActiveExports)} queued or running`],
        ['stored files', sayStored(me)],
      ]),
    )
  },
})

/** Undefined for a server of an earlier version, which does not send the usage. */
function sayStored({ limits, usage }: Me): string | undefined {
  if (usage === undefined) return undefined
  const limit = limits.maxStoredBytes === null ? '' : ` of at most ${sayBytes(limits.maxStoredBytes)}`
  return `${sayBytes(usage.storedBytes)}${limit}`
}
