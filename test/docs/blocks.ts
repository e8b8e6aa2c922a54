// Parses the code blocks of a document and the options of their fences.

export interface Block {
  readonly language: string
  readonly text: string
  /** The line of the fence, from 1. */
  readonly line: number
  /** `ts file=my-datasets.ts`: the block is saved under this name. */
  readonly file: string | undefined
  /** `bash background`: the block keeps running during the next blocks. */
  readonly isBackground: boolean
  /** `json exact`: the whole output must be equal. */
  readonly isExact: boolean
  /** `bash no-run="needs Docker"`: the reason why the test does not run the block. */
  readonly noRun: string | undefined
}

const FENCE = /^ {0,3}```(\w*) *(.*)$/

export function readBlocks(markdown: string): Block[] {
  const blocks: Block[] = []
  let open: { info: RegExpExecArray; line: number; text: string[] } | undefined
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = FENCE.exec(line)
    if (open === undefined) {
      if (fence !== null) open = { info: fence, line: index + 1, text: [] }
    } else if (fence === null) {
      open.text.push(line)
    } else {
      blocks.push(toBlock(open))
      open = undefined
    }
  }
  if (open !== undefined) throw new Error(`the fence of line ${open.line} is never closed`)
  return blocks
}

function toBlock({ info, line, text }: { info: RegExpExecArray; line: number; text: string[] }): Block {
  const [, language = '', options = ''] = info
  return {
    language,
    line,
    text: text.join('\n'),
    file: /(?:^| )file=(\S+)/.exec(options)?.[1],
    isBackground: /(?:^| )background(?: |$)/.test(options),
    isExact: /(?:^| )exact(?: |$)/.test(options),
    noRun: /(?:^| )no-run="([^"]+)"/.exec(options)?.[1],
  }
}

/** Lines that Markdown shows as code without a fence. The tests would miss them. */
export function unfencedCode(markdown: string): string[] {
  const withoutBlocks = markdown.replaceAll(/^ {0,3}```[\s\S]*?^ {0,3}```$/gm, '')
  return [...withoutBlocks.matchAll(/(?<=^\s*\n)(?: {4}|\t)\S.*$/gm)].map(([line]) => line)
}
