#!/usr/bin/env node
// The entry point of the process.
import { main } from './main.ts'

process.exitCode = await main(process.argv.slice(2))
