// Completion scripts for bash, zsh and fish, made from the declarations of the commands.
import { type Command, type Flag, type Flags, GLOBAL_FLAGS } from './arguments/command.ts'
import { UsageError } from './arguments/usage-error.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const

export const COMPLETION_HELP = `waybill completion: Print a completion script for your shell.

Usage: waybill completion ${SHELLS.join('|')}

Examples
  source <(waybill completion bash)
      bash: add this line to ~/.bashrc
  source <(waybill completion zsh)
      zsh: add this line to ~/.zshrc, after compinit
  waybill completion fish > ~/.config/fish/completions/waybill.fish
      fish: run once`

/** @throws UsageError for another shell */
export function completionScript(shell: string | undefined, commands: readonly Command[]): string {
  switch (shell) {
    case 'bash':
      return bash(commands)
    case 'zsh':
      return `autoload -U +X bashcompinit && bashcompinit\n${bash(commands)}`
    case 'fish':
      return fish(commands)
    default:
      throw new UsageError(
        `completion needs a shell: ${SHELLS.join(', ')}`,
        'Run "waybill completion --help" for usage.',
      )
  }
}

/** Each case is one command; the first words decide. */
function bash(commands: readonly Command[]): string {
  const groups = new Map<string, string[]>()
  for (const { name } of commands) {
    const [first = '', second] = name.split(' ')
    groups.set(first, [...(groups.get(first) ?? []), ...(second === undefined ? [] : [second])])
  }
  const flagsOf = (flags: Flags) => Object.keys({ ...flags, ...GLOBAL_FLAGS }).map((flag) => `--${flag}`)
  const choices = commands.flatMap(({ name, flags }) =>
    Object.entries(flags).flatMap(([flag, { choices: values }]) =>
      values === undefined ? [] : [`    '${name} --${flag}') words="${values.join(' ')}" ;;`],
    ),
  )
  return `# Completion of waybill for bash.
_waybill() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}" words=""
  case "$command \${COMP_WORDS[2]}" in
${[...groups]
  .flatMap(([first, seconds]) => seconds.map((second) => `    '${first} ${second}') command='${first} ${second}' ;;`))
  .join('\n')}
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${[...groups.keys(), 'completion', 'help'].join(' ')}"
  else
    case "$command $previous" in
${choices.join('\n')}
    *)
      case "$command" in
${commands
  .map(({ name, flags }) => {
    const seconds = name.includes(' ') ? [] : (groups.get(name) ?? [])
    return `      '${name}') words="${[...seconds, ...flagsOf(flags)].join(' ')}" ;;`
  })
  .join('\n')}
      esac ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _waybill waybill
`
}

function fish(commands: readonly Command[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "\\'")}'`
  const lines = commands.flatMap(({ name, summary, flags }) => {
    const [first = '', second] = name.split(' ')
    const condition =
      second === undefined
        ? '__fish_use_subcommand'
        : `__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${second}`
    const seen = [first, ...(second === undefined ? [] : [second])]
      .map((word) => `__fish_seen_subcommand_from ${word}`)
      .join('; and ')
    return [
      `complete -c waybill -n ${quoted(condition)} -a ${second ?? first} -d ${quoted(summary)}`,
      ...Object.entries<Flag>({ ...flags, ...GLOBAL_FLAGS }).map(([flag, { short, type, choices, description }]) =>
        [
          `complete -c waybill -n ${quoted(seen)} -l ${flag}`,
          short === undefined ? '' : ` -s ${short}`,
          type === 'switch' ? '' : ' -r',
          choices === undefined ? '' : ` -f -a ${quoted(choices.join(' '))}`,
          ` -d ${quoted(description)}`,
        ].join(''),
      ),
    ]
  })
  return ['# Completion of waybill for fish.', ...lines, ''].join('\n')
}
