// Checks every response that the tests receive against /openapi.json of the same server.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { RESPONSE_HEADERS } from '@waybill/shared/contract/headers.ts'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { expect, inject } from 'vitest'
import { ADMIN_KEY } from './admin-key.ts'

type JsonObject = Record<string, unknown>

/** One request and its response. */
export interface Exchange {
  readonly method: string
  /** Including the query. */
  readonly path: string
  /** The body of the request. */
  readonly sent?: unknown
  readonly status: number
  readonly headers: Headers
  /** The body of the response, parsed if it is JSON; undefined or an empty text without a body. */
  readonly body: unknown
}

interface Operation {
  readonly id: string
  readonly method: string
  readonly path: RegExp
  /** Its path in the document. */
  readonly pointer: readonly string[]
  readonly responses: JsonObject
  readonly requestBody: JsonObject | undefined
}

interface Contract {
  readonly operations: readonly Operation[]
  at(pointer: readonly string[]): JsonObject
  validator(pointer: readonly string[]): ValidateFunction
}

/** By the address of the server, for the servers of this test file: another one may get the port of one that has ended. */
const contracts = new Map<string, Promise<Contract | undefined>>()
let contractsOf: string | undefined
/** By the text of the document. Most servers have the same one, and compiling its schemas takes long. */
const contractsByText = new Map<string, Contract>()

/** @throws Error with the differences from the document */
export async function checkAgainstDocument(url: string, exchange: Exchange): Promise<void> {
  const { method, path, status } = exchange
  if (method === 'HEAD') return
  const contract = await contractOf(url)
  if (contract === undefined) return
  const faults = findFaults(contract, exchange)
  if (faults.length > 0) {
    throw new Error(`${method} ${path} answered ${status}, which differs from /openapi.json:\n${faults.join('\n')}`)
  }
}

/** Undefined: the server has stopped since its response. The next call tries again. */
function contractOf(url: string): Promise<Contract | undefined> {
  const { testPath } = expect.getState()
  if (contractsOf !== testPath) contracts.clear()
  contractsOf = testPath
  const known = contracts.get(url)
  if (known !== undefined) return known
  const contract = fetchDocument(url).then(
    async (response) => {
      if (response.status !== 200) throw new Error(`/openapi.json answered ${response.status}`)
      const text = await response.text()
      const compiled = contractsByText.get(text) ?? readContract(JSON.parse(text) as JsonObject)
      contractsByText.set(text, compiled)
      return compiled
    },
    () => {
      contracts.delete(url)
      return undefined
    },
  )
  contracts.set(url, contract)
  return contract
}

/** As an administrator, whose document has all datasets. Where the key is not valid any more, as a caller without a token. */
async function fetchDocument(url: string): Promise<Response> {
  const response = await fetch(`${url}/openapi.json`, { headers: { Authorization: `Bearer ${ADMIN_KEY}` } })
  return response.status === 200 ? response : fetch(`${url}/openapi.json`)
}

function readContract(document: JsonObject): Contract {
  const strict = closed(document) as JsonObject
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true })
  addFormats.default(ajv)
  ajv.addSchema(strict, 'openapi.json')
  const validators = new Map<string, ValidateFunction>()
  const at = (pointer: readonly string[]): JsonObject => {
    const found = pointer.reduce<unknown>((value, key) => (value as JsonObject | undefined)?.[key], strict)
    const { $ref } = (found ?? {}) as JsonObject
    return typeof $ref === 'string' ? at($ref.split('/').slice(1)) : ((found ?? {}) as JsonObject)
  }
  return {
    at,
    // A path without parameters takes precedence over one with parameters (OpenAPI 3.1.1, 4.8.8.2).
    operations: Object.entries(strict.paths as Record<string, Record<string, JsonObject>>)
      .toSorted(([a], [b]) => a.split('{').length - b.split('{').length)
      .flatMap(([path, item]) =>
        Object.entries(item).map(([method, operation]) => ({
          id: String(operation.operationId),
          method: method.toUpperCase(),
          path: new RegExp(`^${path.replaceAll(/[.]/g, '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
          pointer: ['paths', path, method],
          responses: operation.responses as JsonObject,
          requestBody: operation.requestBody as JsonObject | undefined,
        })),
      ),
    validator(pointer) {
      const ref = `openapi.json#/${pointer.map(pointerPart).join('/')}`
      const validate = validators.get(ref) ?? ajv.compile({ $ref: ref })
      validators.set(ref, validate)
      return validate
    },
  }
}

function findFaults(contract: Contract, exchange: Exchange): string[] {
  const { method, path, status } = exchange
  const pathname = path.split('?', 1)[0] ?? path
  const operation = contract.operations.find((each) => each.method === method && each.path.test(pathname))
  // An unknown path or method is answered with a problem. Pages outside of /v1 are not checked.
  if (operation === undefined) {
    return pathname.startsWith('/v1') ? validate(contract, ['components', 'schemas', 'Problem'], exchange.body) : []
  }
  observe(operation.id, status, exchange.body)
  if (!Object.hasOwn(operation.responses, status)) return [`${operation.id} has no answer ${status}`]
  const found = [...operation.pointer, 'responses', String(status)]
  const { $ref } = operation.responses[status] as JsonObject
  const pointer = typeof $ref === 'string' ? $ref.split('/').slice(1) : found
  return [
    ...findHeaderFaults(contract.at(pointer), exchange),
    ...findBodyFaults(contract, pointer, exchange),
    ...findRequestFaults(contract, operation, exchange),
  ]
}

/** The headers that the document must describe. Others come from HTTP, helmet or CORS. */
const OWN_HEADERS = new Set(Object.keys(RESPONSE_HEADERS).map((name) => name.toLowerCase()))
const isOwnHeader = (name: string) => OWN_HEADERS.has(name) || /^(idempotency|ratelimit|deprecation|sunset)/.test(name)

/** @param response the response object of the document */
export function findHeaderFaults({ headers = {} }: JsonObject, exchange: Pick<Exchange, 'headers'>): string[] {
  const documented = Object.entries(headers as Record<string, JsonObject>)
  const known = new Set(documented.map(([name]) => name.toLowerCase()))
  return [
    ...documented
      .filter(([name, { required }]) => required === true && exchange.headers.get(name) === null)
      .map(([name]) => `the header ${name} is missing`),
    ...[...exchange.headers.keys()]
      .filter((name) => isOwnHeader(name) && !known.has(name))
      .map((name) => `the header ${name} is not documented`),
  ]
}

function findBodyFaults(contract: Contract, pointer: readonly string[], { headers, body }: Exchange): string[] {
  const { content } = contract.at(pointer)
  const isEmpty = body === undefined || body === ''
  if (content === undefined) return isEmpty ? [] : ['it should have no body']
  const types = Object.keys(content as JsonObject)
  const actual = headers.get('content-type')?.split(';', 1)[0]
  const type = types.find((each) => each === actual || each === '*/*')
  if (type === undefined) return [`its type is ${actual}, not ${types.join(' or ')}`]
  return validate(contract, [...pointer, 'content', type, 'schema'], body)
}

/** An accepted request must be valid under the document. */
function findRequestFaults(contract: Contract, { pointer, requestBody }: Operation, { status, sent }: Exchange) {
  if (requestBody === undefined || status >= 300 || typeof sent !== 'string') return []
  const schema = [...pointer, 'requestBody', 'content', 'application/json', 'schema']
  return validate(contract, schema, JSON.parse(sent)).map(
    (fault) => `accepted, although the request is not allowed: ${fault}`,
  )
}

function validate(contract: Contract, pointer: readonly string[], value: unknown): string[] {
  const isValid = contract.validator(pointer)
  if (isValid(value)) return []
  return (isValid.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath || 'the body'} ${message} ${JSON.stringify(params)}`,
  )
}

/** Forbids undocumented fields in all schemas, so that the tests find them. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed)
  if (typeof value !== 'object' || value === null) return value
  const copy = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, closed(inner)]))
  const isOpen = copy.type === 'object' && copy.properties !== undefined && copy.additionalProperties === undefined
  return isOpen ? { ...copy, additionalProperties: false } : copy
}

function pointerPart(key: string): string {
  return encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))
}

const observed = new Set<string>()

/** Records the response for the check at the end of the run (openapi-coverage.ts). The soak test has no such check. */
function observe(operationId: string, status: number, body: unknown): void {
  if (process.env.VITEST === undefined) return
  const { code = '' } = status >= 400 ? (body as { code?: string }) : {}
  const line = `${operationId} ${status} ${code}`.trim()
  if (observed.has(line)) return
  observed.add(line)
  appendFileSync(join(inject('observations'), `${process.pid}.txt`), `${line}\n`)
}

/** The examples of requests, responses, headers and parameters that are not valid under their schema. */
export function exampleFaults(document: JsonObject): string[] {
  const contract = readContract(document)
  const faults: string[] = []
  const walk = (value: unknown, pointer: readonly string[]) => {
    if (typeof value !== 'object' || value === null) return
    const { schema, example, examples } = value as JsonObject
    const given = [
      ...(example === undefined ? [] : [example]),
      ...(Array.isArray(examples)
        ? []
        : Object.values((examples ?? {}) as Record<string, JsonObject>).map((e) => e.value)),
    ]
    const own = schema === undefined ? [] : given.flatMap((each) => validate(contract, [...pointer, 'schema'], each))
    faults.push(...own.map((fault) => `${pointer.join(' ')}: ${fault}`))
    for (const [key, inner] of Object.entries(value))
      if (key !== 'example' && key !== 'examples') walk(inner, [...pointer, key])
  }
  walk(document.paths, ['paths'])
  walk((document.components as JsonObject).responses, ['components', 'responses'])
  return faults
}
