// Preloaded into a program: writes the URLs of all modules that the program has loaded into the file RECORD_TO.
import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const loaded = new Set()
registerHooks({
  load(url, context, next) {
    loaded.add(url)
    return next(url, context)
  },
})
process.on('exit', () => writeFileSync(process.env.RECORD_TO, [...loaded].join('\n')))
