#!/usr/bin/env node
// The process of the command line.
import { main } from './main.ts'

process.exitCode = await main(process.argv.slice(2))
