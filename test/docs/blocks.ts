// Reads the code blocks of a document, and how their fences say to run them.

export interface Block {
  readonly language: string
  readonly text: string
  /** Of the fence, from 1. */
  readonly line: number
  /** `ts file=my-datasets.ts`: what a reader saves under this name. */
  readonly file: string | undefined
  /** `bash background`: goes on while the next blocks run. */
  readonly isBackground: boolean
  /** `json exact`: the whole answer, to the letter. */
  readonly isExact: boolean
  /** `bash no-run="needs Docker"`: why the test does not run it. */
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

/** Lines that Markdown shows as code without a fence: no test would see them. */
export function unfencedCode(markdown: string): string[] {
  const withoutBlocks = markdown.replaceAll(/^ {0,3}```[\s\S]*?^ {0,3}```$/gm, '')
  return [...withoutBlocks.matchAll(/(?<=^\s*\n)(?: {4}|\t)\S.*$/gm)].map(([line]) => line)
}
