// The list of commands, in the order of the help.
import type { Command } from './arguments/command.ts'
import { didYouMean } from './arguments/suggest.ts'
import { UsageError } from './arguments/usage-error.ts'
import { auditCommand } from './commands/audit.ts'
import { cancelCommand } from './commands/cancel.ts'
import { datasetsCommand } from './commands/datasets.ts'
import { downloadCommand } from './commands/download.ts'
import { eventsCommand } from './commands/events.ts'
import { exportCommand } from './commands/export.ts'
import { getCommand } from './commands/get.ts'
import { changeKeyCommand, createKeyCommand, keysCommand, revokeKeyCommand, rotateKeyCommand } from './commands/keys.ts'
import { listCommand } from './commands/list.ts'
import { loginCommand } from './commands/login.ts'
import { logoutCommand } from './commands/logout.ts'
import { meCommand } from './commands/me.ts'
import { previewCommand } from './commands/preview.ts'
import { removeCommand } from './commands/remove.ts'
import {
  deliveriesCommand,
  redeliverCommand,
  testWebhookCommand,
  webhookSecretCommand,
} from './commands/webhook-deliveries.ts'
import {
  changeWebhookCommand,
  createWebhookCommand,
  disableWebhookCommand,
  enableWebhookCommand,
  removeWebhookCommand,
  rotateWebhookCommand,
  webhooksCommand,
} from './commands/webhooks.ts'
import type { Section } from './help.ts'

export const SECTIONS: readonly Section[] = [
  {
    title: 'Exports',
    commands: [
      exportCommand,
      previewCommand,
      listCommand,
      getCommand,
      downloadCommand,
      cancelCommand,
      removeCommand,
      eventsCommand,
    ],
  },
  { title: 'Datasets and sign-in', commands: [datasetsCommand, meCommand, loginCommand, logoutCommand] },
  {
    title: 'Webhooks',
    commands: [
      webhooksCommand,
      createWebhookCommand,
      changeWebhookCommand,
      testWebhookCommand,
      deliveriesCommand,
      redeliverCommand,
      enableWebhookCommand,
      disableWebhookCommand,
      rotateWebhookCommand,
      removeWebhookCommand,
      webhookSecretCommand,
    ],
  },
  {
    title: 'Administration',
    commands: [keysCommand, createKeyCommand, changeKeyCommand, rotateKeyCommand, revokeKeyCommand, auditCommand],
  },
]

export const COMMANDS: readonly Command[] = SECTIONS.flatMap(({ commands }) => commands)

export interface Found {
  readonly command: Command
  readonly rest: readonly string[]
}

/** Finds a command by two words or one. @throws UsageError with a suggestion */
export function findCommand(words: readonly string[]): Found {
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(' ')
    const command = COMMANDS.find((one) => one.name === name)
    if (command !== undefined && words.length >= length) return checkGroup({ command, rest: words.slice(length) })
  }
  const names = [...COMMANDS.map((command) => command.name), 'completion']
  const meant = didYouMean(words[0] ?? '', names, 'waybill ')
  throw new UsageError(`unknown command "${words[0]}".${meant}`, 'Run "waybill --help" for a list.')
}

/** Reports `keys creat` as an unknown command, not as an argument of `keys`. */
function checkGroup(found: Found): Found {
  const { command, rest } = found
  const [word = '-'] = rest
  if (command.arguments !== undefined || word.startsWith('-')) return found
  const prefix = `${command.name} `
  const names = COMMANDS.flatMap(({ name }) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []))
  if (names.length === 0) return found
  const meant = didYouMean(word, names, `waybill ${prefix}`)
  throw new UsageError(
    `unknown command "${prefix}${word}".${meant}`,
    `Commands of ${command.name}: ${names.join(', ')}`,
  )
}
