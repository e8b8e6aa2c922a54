// `waybill me`: who the key is, and what it may.
import { defineCommand } from '../arguments/command.ts'
import { facts } from '../terminal/output.ts'
import { sayCount } from '../terminal/wording.ts'

export const meCommand = defineCommand({
  name: 'me',
  summary: 'who you are to the server, and what you may',
  flags: {},
  examples: [{ line: 'waybill me', says: 'name, role, datasets and limits' }],
  async run({ context }) {
    const { url } = await context.settings()
    const me = await (await context.client()).me.get()
    context.output.result(me, () =>
      facts([
        ['server', url],
        ['name', me.name],
        ['role', me.role],
        ['datasets', me.datasets.length === 0 ? 'all' : me.datasets.join(', ')],
        ['rows', `${sayCount(me.limits.maxRows)} of one export at most`],
        ['exports', `${sayCount(me.limits.maxActiveExports)} queued or running at most`],
      ]),
    )
  },
})
